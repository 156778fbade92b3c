using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Replicas;

namespace TokMesh.Cluster.Metering;

/// <summary>
/// Gathers the state of this node's replicas from its lanes. Askers at the same moment share one round, so that scrapes and
/// probes cost the lanes little.
/// </summary>
/// <param name="node">The node; null while it does not run: then there are no replicas.</param>
public sealed class ReplicaSurvey(Func<Node?> node)
{
    private const int FreshMs = 100;
    private const int WaitMs = 1000;
    private static readonly Task<IReadOnlyList<ReplicaStatus>> None = Task.FromResult<IReadOnlyList<ReplicaStatus>>([]);
    private readonly Lock _lock = new();
    private Task<IReadOnlyList<ReplicaStatus>>? _last;
    private long _lastAtMs;

    // A node does not say how many lanes answer; how many replicas it carries at least is in the map. Everybody carries meta.
    private static int ExpectedOf(Node node) => node.Map.CountShardsOf(node.Self) + 1;

    /// <summary>This node's replicas by group; fewer than there are when a lane did not answer within a second.</summary>
    public Task<IReadOnlyList<ReplicaStatus>> TakeAsync()
    {
        if (node() is not { } running) return None;
        lock (_lock)
        {
            if (_last is not null && running.NowMs - _lastAtMs < FreshMs) return _last;
            _lastAtMs = running.NowMs;
            return _last = CollectAsync(running, digests: false);
        }
    }

    /// <summary>The same with the digest of every state: walks over everything.</summary>
    public Task<IReadOnlyList<ReplicaStatus>> TakeWithDigestsAsync() => node() is { } running ? CollectAsync(running, digests: true) : None;

    /// <summary>Whether every replica this node carries was heard of.</summary>
    public bool IsComplete(IReadOnlyList<ReplicaStatus> replicas) => node() is { } running && replicas.Count >= ExpectedOf(running);

    private static async Task<IReadOnlyList<ReplicaStatus>> CollectAsync(Node node, bool digests)
    {
        var expected = ExpectedOf(node);
        var found = new List<ReplicaStatus>(expected);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.CollectStatus(digests, replicas =>
        {
            lock (found)
            {
                found.AddRange(replicas);
                if (found.Count >= expected) done.TrySetResult();
            }
        });
        await Task.WhenAny(done.Task, Task.Delay(digests ? 10 * WaitMs : WaitMs)).ConfigureAwait(false);
        lock (found) return [.. found.OrderBy(r => r.Group)];
    }
}
