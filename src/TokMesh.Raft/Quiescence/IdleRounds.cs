using TokMesh.Raft.Replication;

namespace TokMesh.Raft.Quiescence;

/// <summary>Since when a leader's heartbeats have said that the group may become quiescent, and whether every follower has.</summary>
/// <param name="afterMs">For how long nobody may have needed the group; zero for never.</param>
/// <param name="now">When the leadership begins.</param>
internal sealed class IdleRounds(int afterMs, long now)
{
    private long _wokenAt = now;

    // The first heartbeat round of which all were told; zero while the group may not.
    private ulong _since;

    /// <summary>Somebody needs the group.</summary>
    public void Woken(long now) => (_wokenAt, _since) = (now, 0);

    /// <summary>Whether nobody has needed the group for long enough.</summary>
    public bool IsTime(long now) => afterMs > 0 && now - _wokenAt >= afterMs;

    /// <summary>The heartbeats of a round tell followers that they may become quiescent, or that they may not.</summary>
    public void Tell(ulong round, bool may)
    {
        if (!may) _since = 0;
        else if (_since == 0) _since = round;
    }

    public bool AreQuiescent(ReadOnlySpan<Progress> followers)
    {
        if (_since == 0) return false;
        foreach (var p in followers)
            if (p.IsCounted && p.QuiescentRound < _since) return false;
        return true;
    }
}
