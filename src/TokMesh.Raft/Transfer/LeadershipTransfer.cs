using TokMesh.Raft.Log;

namespace TokMesh.Raft.Transfer;

/// <summary>How a leader hands over (dissertation, section 3.10): the other gets everything, is told to stand, and has an election timeout for both.</summary>
internal sealed class LeadershipTransfer(int timeoutMs)
{
    private long _until;
    private bool _isTold;

    /// <summary>Who shall lead next; none when nothing is being handed over.</summary>
    public MemberId To { get; private set; }

    /// <summary>
    /// Whether anybody was told to stand in this term. It may do so whenever the message arrives, and is voted for without regard to this
    /// leader, which can never trust a lease again (pitfall 49).
    /// </summary>
    public bool HasToldAny { get; private set; }

    /// <summary>Whether the other may yet take over.</summary>
    public bool IsUnderWay(long now) => !To.IsNone && now < _until;

    /// <summary>Whether the other has to be told, once it has everything.</summary>
    public bool IsUntold => !To.IsNone && !_isTold;

    public void Begin(MemberId to, long now)
    {
        if (To == to) return;
        (To, _until, _isTold) = (to, now + timeoutMs, false);
    }

    public void Told() => _isTold = HasToldAny = true;

    public void Abort() => To = MemberId.None;

    /// <summary>The other did not take over in an election timeout: this member leads on.</summary>
    public void AbortIfOver(long now)
    {
        if (!To.IsNone && now >= _until) Abort();
    }
}
