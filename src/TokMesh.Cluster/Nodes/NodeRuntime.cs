using System.Security.Cryptography;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Log.Format;

namespace TokMesh.Cluster.Nodes;

/// <summary>
/// A node at work: joins its cluster through a network, recovers what it has, runs until it is disposed of, and then hands over
/// what it leads.
/// </summary>
public sealed class NodeRuntime : IAsyncDisposable
{
    private const int FirstLookMs = 20;

    private readonly NodeThreads _threads;
    private readonly int _handOverMs;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watch;

    private NodeRuntime(Node node, NodeThreads threads, INodeNetwork network, int handOverMs)
    {
        (Node, _threads, _handOverMs) = (node, threads, handOverMs);
        _watch = Task.Run(() => WatchClocksAsync(network));
    }

    /// <summary>The node.</summary>
    public Node Node { get; }

    /// <summary>Joins and starts.</summary>
    /// <param name="directory">The node's data.</param>
    /// <param name="logKey">32 bytes to encrypt with; null for plain files.</param>
    /// <param name="options">Timings and bounds.</param>
    /// <param name="network">How nodes reach each other; must be reachable by others already.</param>
    /// <param name="clock">Time.</param>
    /// <param name="watch">Hears what happens.</param>
    /// <param name="failed">Told of a failure after which the process must end at once: going on could break a promise.</param>
    /// <param name="cancel">Gives up joining.</param>
    /// <exception cref="LogDamagedException">The log cannot be trusted; nothing was changed.</exception>
    /// <exception cref="LogForgottenException">The log is missing, or older than its directory; nothing was changed.</exception>
    /// <exception cref="InvalidOperationException">The cluster refuses this node for good.</exception>
    /// <exception cref="TimeoutException">Too few nodes were found in time.</exception>
    public static async Task<NodeRuntime> StartAsync(NodeDirectory directory, byte[]? logKey, NodeOptions options, INodeNetwork network, IClock clock,
        INodeWatch watch, Action<Exception> failed, CancellationToken cancel)
    {
        var (bootstrap, self) = await network.JoinAsync(directory.Bootstrap, directory.StoreBootstrapAsync, cancel).ConfigureAwait(false);
        directory.StoreNumber(self);
        // Away from the socket thread that brought the last answer: what follows reads the whole log.
        await Task.Yield();
        var node = new Node(self, bootstrap, options, directory.LogPlace(logKey), clock, network, RandomNumberGenerator.Fill, watch);
        node.Refused = e =>
        {
            // A copy that another process runs beside may yet be the one that is left.
            if (e.Refusal.IsFinal) RefusalFile.Store(directory.Disk, e.Refusal);
            failed(e);
        };
        var threads = new NodeThreads(node, failed);
        network.Attach(node);
        return new NodeRuntime(node, threads, network, options.Raft.ElectionTimeoutMs);
    }

    /// <summary>Gives the others a moment to take over what this node leads; what nobody can take is elected after it is gone.</summary>
    public Task HandOverAsync() => HandOverAsync(isLast: false);

    private async Task HandOverAsync(bool isLast)
    {
        var until = Node.NowMs + _handOverMs;
        Node.HandOver(isLast);
        do await Task.Delay(5).ConfigureAwait(false);
        while ((Node.IsHandingOver || Node.HasUnwritten) && Node.NowMs < until);
    }

    /// <summary>Hands over what this node still leads, then ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        await HandOverAsync(isLast: true).ConfigureAwait(false);
        _stop.Cancel();
        await _watch.ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
        _threads.Dispose();
        // A write that hangs goes on in files that must stay open under it; the process ends all the same.
        if (_threads.HaveEnded) Node.Dispose();
        _stop.Dispose();
    }

    private async Task WatchClocksAsync(INodeNetwork network)
    {
        while (true)
        {
            Node.JudgeClock([.. network.Observed.Where(s => s.ClockOffsetMs is not null).Select(s => s.ClockOffsetMs!.Value)]);
            // Before the first judgement this node does not lead.
            await Task.Delay(Node.Clock.IsJudged ? LinkHealth.PingMs : FirstLookMs, _stop.Token).ConfigureAwait(false);
        }
    }
}
