using System.Runtime.InteropServices;
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

HostSettings settings;
try
{
    settings = SettingsReader.Read(args, Environment.GetEnvironmentVariables());
}
catch (SettingsException e)
{
    await Console.Error.WriteAsync(e.Message);
    return 78;
}

InlineSockets.Enable();
using var loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(settings.LogLevel)
    .AddFilter("Microsoft", LogLevel.Warning).AddFilter("Orleans", LogLevel.Warning)
    // At every start the silo recommends another garbage collector and its watchdog counts from the machine's start.
    .AddFilter("Orleans.Runtime.Silo", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error)
    .AddFilter("Polly", LogLevel.Warning).AddProvider(new JsonLines(Console.Out)));
var stopped = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
using var cancel = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    cancel.Cancel();
    stopped.TrySetResult(0);
}
using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

var log = new NodeLog(loggers.CreateLogger("tokmesh.node"));
await using var server = new Server(settings, loggers)
{
    Failed = e =>
    {
        // A promise may be broken by going on for even a moment: nothing is wound down in order.
        log.Stopping(e.Message);
        Environment.Exit(70);
    },
};
try
{
    await server.StartAsync(cancel.Token);
    return await stopped.Task;
}
catch (OperationCanceledException) when (cancel.IsCancellationRequested)
{
    return 0;
}
catch (Exception e)
{
    log.Stopping(e.Message);
    return 1;
}
