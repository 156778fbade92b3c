using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Violations;

namespace TokMesh.Raft.Replication;

/// <summary>The followers of a leader: how far each is, and how far a quorum of the voters is, by three measures.</summary>
internal sealed class Followers(RaftOptions options, RaftLog log, MemberId self, Memberships memberships, Exclusions exclusions)
{
    private Progress[] _all = [];

    public ReadOnlySpan<Progress> All => _all;

    private Configuration Configuration => memberships.Latest;

    /// <summary>What a quorum has on disk.</summary>
    public LogIndex QuorumMatch => new(Quorum.Reached(Configuration, new Matched(this, self, log)));

    /// <summary>When a quorum, this member included, was last heard; milliseconds.</summary>
    public long QuorumHeardAt(long now) => (long)Quorum.Reached(Configuration, new HeardAt(this, self, now));

    /// <summary>The newest heartbeat round that a quorum has answered.</summary>
    /// <param name="current">The newest there is.</param>
    public ulong QuorumRound(ulong current) => Quorum.Reached(Configuration, new Answered(this, self, current));

    /// <summary>Entries after this are still wanted by a follower, or will be once its snapshot has arrived.</summary>
    public LogIndex SlowestMatch
    {
        get
        {
            var slowest = log.Last;
            foreach (var p in _all)
                if (p.IsCounted) slowest = LogIndex.Min(slowest, p.Snapshot?.Meta.Index ?? p.Match);
            return slowest;
        }
    }

    /// <summary>Another membership is in force: newcomers are fed from where the log ends, members that left are forgotten.</summary>
    public void MembershipMoved(long now) => _all = [.. Configuration.Members.Where(m => m != self).Select(m => Find(m) ?? NewProgress(m, now))];

    public Progress? Find(MemberId id)
    {
        foreach (var p in _all)
            if (p.Id == id) return p;
        return null;
    }

    /// <summary>Null also for one that is excluded: nothing it says counts.</summary>
    public Progress? Counted(MemberId id) => Find(id) is { IsCounted: true } p ? p : null;

    /// <summary>Entries a follower lacks; null while it is not even known where its log agrees.</summary>
    public long? LagOf(MemberId id) => Find(id) is { Mode: ProgressMode.Replicate, IsCounted: true } p ? log.Last - p.Match : null;

    /// <summary>Whether every follower that counts is known to have the whole log.</summary>
    public bool HaveAll
    {
        get
        {
            foreach (var p in _all)
                if (p.IsCounted && (p.Mode != ProgressMode.Replicate || p.Match < log.Last)) return false;
            return true;
        }
    }

    /// <summary>The voter of the newest membership that has most of the log, among those asked for.</summary>
    public MemberId Successor(Func<MemberId, bool> mayLead, uint turn)
    {
        Progress? best = null;
        for (var i = 0; i < _all.Length; i++)
        {
            var p = _all[(i + turn) % _all.Length];
            if (p.IsCounted && Configuration.Voters.Contains(p.Id) && mayLead(p.Id) && (best is null || p.Match > best.Match)) best = p;
        }
        return best?.Id ?? MemberId.None;
    }

    private Progress NewProgress(MemberId id, long now)
    {
        var progress = new Progress(id, log.Last.Next, options.MaxInflightAppends, options.MaxInflightBytes) { HeardAt = now };
        if (exclusions.Of(id) is not LogViolation.None and var violation) progress.Exclude(violation);
        return progress;
    }

    // This member stands for itself: what is on its own disk, the current round, now.
    private readonly struct Matched(Followers followers, MemberId self, RaftLog log) : Quorum.IReached
    {
        public ulong Of(MemberId voter) => voter == self ? log.Durable.Value : followers.Counted(voter)?.Match.Value ?? 0;
    }

    private readonly struct Answered(Followers followers, MemberId self, ulong current) : Quorum.IReached
    {
        public ulong Of(MemberId voter) => voter == self ? current : followers.Counted(voter)?.Round ?? 0;
    }

    private readonly struct HeardAt(Followers followers, MemberId self, long now) : Quorum.IReached
    {
        public ulong Of(MemberId voter) => (ulong)Math.Max(0, voter == self ? now : followers.Counted(voter)?.HeardAt ?? 0);
    }
}
