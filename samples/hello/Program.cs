// Answers every request with its name. Usage: hello NAME PORT, for example `hello one 8001`.
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

if (args is not [var name, var text] || !ushort.TryParse(text, out var port) || port == 0)
{
    Console.Error.WriteLine("usage: hello NAME PORT");
    return 2;
}

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, port));
var app = builder.Build();
app.MapFallback(() => Results.Text($"hello from {name}\n"));
try
{
    await app.RunAsync();
    return 0;
}
catch (IOException cause)
{
    Console.Error.WriteLine($"hello {name}: {cause.Message}");
    return 1;
}
