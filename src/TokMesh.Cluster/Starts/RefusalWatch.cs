using TokMesh.Cluster.Errors;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Starts;

/// <summary>Decides from what others say of this node's past whether it must stop. Any thread.</summary>
internal sealed class RefusalWatch
{
    /// <summary>A process that was killed is taken for running no longer than this.</summary>
    private const int InUseMs = 10_000;

    /// <summary>Refusals further apart than this are not of one piece.</summary>
    private const int InUseGapMs = 3_000;

    private readonly HashSet<MemberId> _links = [];
    private long _inUseSince;
    private long _inUseAt = long.MinValue / 2;
    private int _refused;

    /// <summary>Told once.</summary>
    public Action<NodeRefusedException> Refused { get; set; } = static _ => { };

    public void LinkChanged(MemberId node, bool up)
    {
        lock (_links)
        {
            if (up) _links.Add(node);
            else _links.Remove(node);
        }
    }

    /// <summary>Another node has refused this one.</summary>
    public void RefusedBy(HelloRefusal refusal, long nowMs)
    {
        if (refusal.Code == Codes.DirectoryInUse)
        {
            lock (_links)
            {
                // Somebody who talks with it takes it for the node itself; the others hear that soon.
                if (_links.Count > 0 || nowMs - _inUseAt > InUseGapMs) _inUseSince = nowMs;
                _inUseAt = nowMs;
                if (nowMs - _inUseSince <= InUseMs) return;
            }
            Refuse(refusal);
        }
        else if (PastJudge.IsAboutThePast(refusal)) Refuse(refusal);
    }

    public void Refuse(HelloRefusal refusal)
    {
        if (Interlocked.Exchange(ref _refused, 1) == 0) Refused(new NodeRefusedException(refusal));
    }
}
