using System.Diagnostics;

namespace TokMesh.Launcher;

/// <summary>How the nodes reach each other: the engine, and for Orleans where its membership is kept.</summary>
/// <param name="Engine"><see cref="Peer"/> or <see cref="Orleans"/>.</param>
/// <param name="Postgres">For Orleans: a connection string, <see cref="Auto"/> for a PostgreSQL of the cluster's own, or null for Orleans' development clustering.</param>
internal sealed record EngineChoice(string Engine, string? Postgres)
{
    public const string Peer = "peer";
    public const string Orleans = "orleans";
    public const string Auto = "auto";

    public bool IsOrleans => Engine == Orleans;

    public bool HasOwnPostgres => Postgres == Auto;

    /// <summary>What a cluster runs with. Files from before there was a choice mean the peer engine.</summary>
    public static EngineChoice Of(ClusterFile known) => new(known.Engine ?? Peer, known.Postgres);

    /// <summary>What the next start uses: what was asked for, and for the rest what the cluster has.</summary>
    public static EngineChoice Of(Options options, ClusterFile? known)
    {
        var before = known is null ? new EngineChoice(Peer, null) : Of(known);
        var engine = options.Engine ?? before.Engine;
        if (engine != Orleans && options.Postgres is not null)
            throw new UsageException($"--postgres needs --engine orleans: the engine {engine} has no use for it.");
        return new EngineChoice(engine, engine == Orleans ? options.Postgres ?? before.Postgres : null);
    }

    /// <summary>Refuses to go on when the server was built without this engine.</summary>
    public async Task RequireAsync(string server)
    {
        if (!IsOrleans) return;
        var info = new ProcessStartInfo("dotnet", [server, "--engines"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info) ?? throw new InvalidOperationException("The server could not be started.");
        var error = process.StandardError.ReadToEndAsync();
        var engines = (await process.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.TrimEntries);
        await error;
        await process.WaitForExitAsync();
        if (!engines.Contains(Orleans))
            throw new LaunchException("The server was built without the Orleans engine, whose packages are not on this machine. \"./tokmesh up --engine peer\" works without them.");
    }

    /// <summary>What the server of a node is told. The connection string is not among it: everybody can read a command line.</summary>
    public IEnumerable<string> Arguments(RunningNode node, RunningNode first)
    {
        // Said aloud: a connection string in the user's environment would have the server choose Orleans by itself.
        if (!IsOrleans) return [$"--cluster.engine={Peer}"];
        List<string> arguments = [$"--cluster.engine={Orleans}", $"--cluster.orleans.clustering={(Postgres is null ? "localhost" : "adonet")}", $"--cluster.orleans.gateway-address={node.Gateway}"];
        if (Postgres is null) arguments.Add($"--cluster.orleans.primary={first.Peer}");
        if (HasOwnPostgres) arguments.Add("--cluster.orleans.create-tables=true");
        return arguments;
    }
}
