using System.Reflection;
using Microsoft.AspNetCore.HttpLogging;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

if (args is not [var file] || file == "--version")
{
    Console.WriteLine($"YARP {typeof(RouteConfig).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}, .NET {Environment.Version}");
    return;
}

var builder = WebApplication.CreateSlimBuilder();
builder.Configuration.AddJsonFile(file);
builder.WebHost.UseKestrelHttpsConfiguration();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(10);
});

var endpoints = builder.Configuration.GetSection("Endpoints").GetChildren().Select(endpoint => endpoint.Value!);
var route = new RouteConfig { RouteId = "web", ClusterId = "web", Match = new RouteMatch { Path = "{**all}" } };
var cluster = new ClusterConfig
{
    ClusterId = "web",
    LoadBalancingPolicy = "RoundRobin",
    Destinations = endpoints.ToDictionary(address => address, address => new DestinationConfig { Address = address }),
    HttpRequest = new ForwarderRequestConfig { Version = new Version(1, 1), VersionPolicy = HttpVersionPolicy.RequestVersionExact },
};

// The same work as the others: the client's Host goes on to the endpoint.
var host = new Dictionary<string, string> { ["RequestHeaderOriginalHost"] = "true" };
builder.Services.AddReverseProxy().LoadFromMemory([route with { Transforms = [host] }], [cluster]);

var folder = builder.Configuration["AccessLogFolder"];
if (folder is not null)
{
    builder.Services.AddW3CLogging(log =>
    {
        log.LogDirectory = folder;
        log.FileName = "access";
        log.FileSizeLimit = null;
        log.FlushInterval = TimeSpan.FromSeconds(1);
        log.LoggingFields = W3CLoggingFields.Date | W3CLoggingFields.Time | W3CLoggingFields.ClientIpAddress | W3CLoggingFields.Method
            | W3CLoggingFields.UriStem | W3CLoggingFields.ProtocolStatus | W3CLoggingFields.TimeTaken | W3CLoggingFields.ProtocolVersion
            | W3CLoggingFields.Host | W3CLoggingFields.UserAgent;
    });
}

var app = builder.Build();
if (folder is not null)
{
    app.UseW3CLogging();
}

app.MapReverseProxy();
app.Run();
