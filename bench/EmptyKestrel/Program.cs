// The slim builder: no appsettings reload, no IIS, no static files; what a new service is most often started with.
var app = WebApplication.CreateSlimBuilder(args).Build();
app.Run();
