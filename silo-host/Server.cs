using TokMesh.Host.Configuration;

namespace TokMesh.Host;

/// <summary>One server process: an application with a silo, the node in it, the HTTP and Redis front ends and the dashboard.</summary>
internal static class Server
{
    // Below the ten seconds after which supervisors that stop servers become impatient.
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan DisposeTime = TimeSpan.FromSeconds(2);

    /// <exception cref="InvalidOperationException">The process may not open enough descriptors; the message says what to do.</exception>
    public static WebApplication Build(WebApplicationBuilder builder, HostSettings settings, ILoggerFactory loggers, NodeLog log)
    {
        var descriptors = Descriptors.Limit();
        var (problem, reduced) = Descriptors.ShareOut(settings, descriptors);
        if (problem is not null) throw new InvalidOperationException(problem);
        if (reduced is not null) log.FewDescriptors(descriptors, reduced);

        var services = builder.Services;
        services.AddSingleton(loggers);
        services.AddSingleton(log);
        services.AddSingleton(settings);
        services.Configure<HostOptions>(static o => o.ShutdownTimeout = StopTime);
        // These start in this order and stop in the other. Kestrel, which the builder adds, starts when the node runs, and is the first to stop.
        services.AddHostedService<ServerLifetime>();
        builder.UseOrleans(silo => SiloSetup.Configure(silo, settings, new Failure(log)));
        SiloStart.Wrap(services);
        FrontEnds.Add(builder, settings);
        var app = builder.Build();
        FrontEnds.Map(app);
        return app;
    }

    /// <summary>Stops what has started.</summary>
    public static async Task StopAsync(WebApplication app)
    {
        try
        {
            await app.StopAsync();
        }
        catch (Exception e) when (e is OperationCanceledException or AggregateException)
        {
            // What could not stop in time ends with the process.
        }
    }

    public static async Task DisposeAsync(WebApplication app)
    {
        try
        {
            // Parts of Orleans wait for others that have never run; the process ends all the same.
            await app.DisposeAsync().AsTask().WaitAsync(DisposeTime);
        }
        catch (TimeoutException)
        {
            // Nothing of the node is left in it.
        }
    }
}
