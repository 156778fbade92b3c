using TokMesh.Host;
using TokMesh.Host.Configuration;

if (args is ["--help"] or ["-h"])
{
    Console.WriteLine("tokmesh-server [--config=FILE] [--key=value ...]");
    Console.WriteLine("tokmesh-server --version");
    Console.WriteLine();
    Console.WriteLine("Keys, as options; in a JSON file under \"TokMesh\" with dots as nesting; or as variables in brackets.");
    Console.WriteLine("The command line wins over variables, these over the file.");
    Console.WriteLine();
    foreach (var key in SettingKey.All) Console.WriteLine($"  {key.Option}=<{key.Takes}>  [{key.Variable}]");
    return 0;
}
if (args is ["--version"])
{
    Console.WriteLine(typeof(Program).Assembly.GetName().Version?.ToString(3));
    return 0;
}

var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
HostSettings settings;
try
{
    settings = SettingsReader.Read(builder.Configuration, args, Environment.GetEnvironmentVariables());
}
catch (SettingsException e)
{
    await Console.Error.WriteAsync(e.Message);
    return 78;
}

InlineSockets.Enable();
using var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(settings.LogLevel)
    .AddFilter("Microsoft", LogLevel.Warning).AddFilter("Orleans", LogLevel.Warning)
    // At every start the silo recommends another garbage collector and its watchdog counts from the machine's start.
    .AddFilter("Orleans.Runtime.Silo", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error)
    // Of each request it would make a scope and an activity, for lines that nobody gets.
    .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
    // Why a start failed is said once, in one line.
    .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
    .AddFilter("Polly", LogLevel.Error).AddProvider(new JsonLines(Console.Out)));
var log = new NodeLog(loggers.CreateLogger("tokmesh.node"));
WebApplication? app = null;
try
{
    app = Server.Build(builder, settings, loggers, log);
    await app.StartAsync();
    await app.WaitForShutdownAsync();
    return 0;
}
catch (Exception e)
{
    var wasTold = e is OperationCanceledException && app?.Lifetime.ApplicationStopping.IsCancellationRequested == true;
    if (!wasTold) log.Stopping(e.Message);
    // What had started before the rest could not.
    if (app is not null) await Server.StopAsync(app);
    return wasTold ? 0 : 1;
}
finally
{
    if (app is not null) await Server.DisposeAsync(app);
}
