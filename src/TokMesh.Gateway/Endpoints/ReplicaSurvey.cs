using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Replicas;

namespace TokMesh.Gateway.Endpoints;

/// <summary>
/// Gathers the state of this node's replicas from its lanes. Askers at the same moment share one round, so that scrapes and
/// probes cost the lanes little.
/// </summary>
internal sealed class ReplicaSurvey
{
    private const int FreshMs = 100;
    private const int WaitMs = 1000;
    private readonly Node _node;
    private readonly Lock _lock = new();
    private Task<IReadOnlyList<ReplicaStatus>>? _last;
    private long _lastAtMs;

    public ReplicaSurvey(Node node) => _node = node;

    // A node does not say how many lanes answer; how many replicas it carries at least is in the map. Everybody carries meta.
    private int Expected => _node.Map.CountShardsOf(_node.Self) + 1;

    /// <summary>This node's replicas by group; fewer than there are when a lane did not answer within a second.</summary>
    public Task<IReadOnlyList<ReplicaStatus>> TakeAsync()
    {
        lock (_lock)
        {
            if (_last is not null && _node.NowMs - _lastAtMs < FreshMs) return _last;
            _lastAtMs = _node.NowMs;
            return _last = CollectAsync(digests: false);
        }
    }

    /// <summary>The same with the digest of every state: walks over everything.</summary>
    public Task<IReadOnlyList<ReplicaStatus>> TakeWithDigestsAsync() => CollectAsync(digests: true);

    /// <summary>Whether every replica this node carries was heard of.</summary>
    public bool IsComplete(IReadOnlyList<ReplicaStatus> replicas) => replicas.Count >= Expected;

    private async Task<IReadOnlyList<ReplicaStatus>> CollectAsync(bool digests)
    {
        var expected = Expected;
        var found = new List<ReplicaStatus>(expected);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _node.CollectStatus(digests, replicas =>
        {
            lock (found)
            {
                found.AddRange(replicas);
                if (found.Count >= expected) done.TrySetResult();
            }
        });
        await Task.WhenAny(done.Task, Task.Delay(digests ? 10 * WaitMs : WaitMs));
        lock (found) return [.. found.OrderBy(r => r.Group)];
    }
}
