using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;
using TokMesh.Redis.Stages;

namespace TokMesh.Redis.FrontEnd;

/// <summary>
/// What all Redis connections of a node share: the way to the store, who may come in, and who is here. Session keys
/// (<c>tmss-</c> and a ULID, any case) are sessions; every other key is a plain Redis string.
/// <para>
/// Order: the commands of a connection take effect one after the other as far as it can tell. Other clients may see pipelined
/// writes to <em>different shards</em> in any order until they are answered. A command over several keys is atomic per shard only;
/// keys with a common <c>{tag}</c> share a shard.
/// </para>
/// <para>
/// Failure: <c>-TRYAGAIN TM-…</c> means that nothing happened and repeating is safe; <c>-ERR TM-CLST-5040 outcome unknown</c> that
/// the command may have happened, or part of it when it names keys of several shards.
/// </para>
/// </summary>
public sealed class RedisFrontEnd
{
    /// <summary>Name of the listener, in limits and metrics.</summary>
    public const string Listener = "redis";

    /// <summary>Name of the meter with the front end's figures.</summary>
    public const string MeterName = "TokMesh.Redis";

    private readonly ConcurrentDictionary<long, ClientState> _clients = new();
    private readonly WakeQueue[] _wakes = [.. Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount / 2, 1, 16)).Select(_ => new WakeQueue())];
    private long _lastClientId;
    private long _commands;

    /// <summary>Opens the front end; connections come through <see cref="RedisConnectionHandler"/>.</summary>
    /// <param name="options">Bounds and defaults.</param>
    /// <param name="store">The way to the groups.</param>
    /// <param name="sessions">Sessions; shared with the other front ends.</param>
    /// <param name="authenticator">Checks API keys; shared with the other front ends.</param>
    /// <param name="wallMs">Unix time in milliseconds.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every problem.</exception>
    public RedisFrontEnd(RedisFrontEndOptions options, StoreClient store, SessionService sessions, Authenticator authenticator, Func<long> wallMs)
    {
        var problems = options.Validate();
        if (problems.Count > 0) throw new ArgumentException(string.Join(" ", problems), nameof(options));
        Options = options;
        Store = store;
        Sessions = sessions;
        Authenticator = authenticator;
        WallMs = wallMs;
        StartedAtMs = store.Node.NowMs;
        FailedLogins = new FailedLogins(options.FailedLoginsPerMinute);
    }

    /// <summary>
    /// Asked for each command of a key that has a rate limit; false is answered with TM-SYS-4290. Null for no limits. One limiter
    /// for all front ends of a node is the host's to give.
    /// </summary>
    public Func<ApiKey, bool>? Admit { get; init; }

    /// <summary>How many connections there may be.</summary>
    public ConnectionLimit Connections { get; init; } = AnyNumber();

    /// <summary>What all connections together may hold; shared with the other front ends.</summary>
    public HeldBytes Held { get; init; } = HeldBytes.Unlimited;

    /// <summary>
    /// Whether the node knows the API keys. Until it does, a connection is held and nothing is read from it: clients wait at the start
    /// of a server, but take an error for an answer.
    /// </summary>
    public Func<bool> IsReady { get; init; } = static () => true;

    /// <summary>Connections that are open.</summary>
    public int ConnectedClients => _clients.Count;

    /// <summary>Connections ever accepted.</summary>
    public long TotalConnections => Volatile.Read(ref _lastClientId);

    /// <summary>Commands ever executed.</summary>
    public long TotalCommands => Volatile.Read(ref _commands);

    internal RedisFrontEndOptions Options { get; }

    internal StoreClient Store { get; }

    internal Node Node => Store.Node;

    internal int ShardCount => Node.Bootstrap.ShardCount;

    internal SessionService Sessions { get; }

    internal Authenticator Authenticator { get; }

    internal Func<long> WallMs { get; }

    internal FailedLogins FailedLogins { get; }

    /// <summary>Monotonic milliseconds.</summary>
    internal long StartedAtMs { get; }

    internal ICollection<ClientState> Clients => _clients.Values;

    internal long NextClientId() => Interlocked.Increment(ref _lastClientId);

    internal WakeQueue WakesOf(ClientState client) => _wakes[client.Id % _wakes.Length];

    /// <summary>No limit on connections.</summary>
    internal static ConnectionLimit AnyNumber() => new(Listener, int.MaxValue, int.MaxValue);

    /// <summary>Shows its figures as instruments of a meter.</summary>
    internal void AddTo(Meter meter)
    {
        meter.CreateObservableCounter("tokmesh_redis_commands_total", () => TotalCommands, null, "Commands of Redis clients that were executed.");
        meter.CreateObservableCounter("tokmesh_redis_connections_total", () => TotalConnections, null, "Connections of Redis clients that were accepted.");
    }

    internal void Enter(ClientState client) => _clients[client.Id] = client;

    internal void Leave(ClientState client) => _clients.TryRemove(client.Id, out _);

    internal void Executed(int commands) => Interlocked.Add(ref _commands, commands);
}
