using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Outputs;

namespace TokMesh.Raft.Tests.Harness;

/// <summary>
/// What must hold at any moment, whatever happened: one leader a term, log matching, nothing runs backwards, what is committed is
/// durable on the majorities it was counted by, and what a leader believes of its followers is true. Messages are made only when
/// something is wrong: this runs at every step of every schedule.
/// </summary>
internal sealed class Invariants(Cluster cluster)
{
    private readonly Dictionary<Term, MemberId> _leaders = [];
    private readonly Dictionary<(LogIndex Index, Term Term), (Term Previous, ulong Hash)> _entries = [];
    private readonly Dictionary<LogIndex, Term> _committed = [];
    private readonly HashSet<(Term Term, Configuration Configuration)> _ledBy = [];
    private readonly Dictionary<MemberId, Seen> _seen = [];

    public void Check(Member member)
    {
        var group = member.Group;
        if (!_seen.TryGetValue(member.Id, out var seen)) _seen[member.Id] = seen = new Seen();
        if (seen.Boot != member.Boots) seen.Restarted(member.Boots);
        if (group.Role == Role.Leader)
        {
            if (!_leaders.TryAdd(group.Term, member.Id) && _leaders[group.Term] != member.Id)
                Assert.Fail($"Members {_leaders[group.Term]} and {member.Id} both lead term {group.Term}.");
            if (seen.LedIn != group.Term || !ReferenceEquals(seen.LedBy, group.Configuration))
            {
                (seen.LedIn, seen.LedBy) = (group.Term, group.Configuration);
                _ledBy.Add((group.Term, group.Configuration));
            }
        }
        CheckForward(member, seen);
        CheckLog(member, seen);
        CheckCommitted(member, seen);
        CheckDisk(member);
        if (group.Role == Role.Leader) CheckFollowers(member);
        (seen.Term, seen.Commit, seen.Applied) = (group.Term, group.Log.Commit, group.Log.Applied);
    }

    private static void CheckForward(Member member, Seen seen)
    {
        var group = member.Group;
        if (group.Term < seen.Term || group.Term < member.DiskHardState.Term) Assert.Fail($"The term of member {member.Id} fell to {group.Term}.");
        if (group.Log.Commit < seen.Commit) Assert.Fail($"The commit position of member {member.Id} fell to {group.Log.Commit}.");
        if (group.Log.Applied < seen.Applied) Assert.Fail($"The applied position of member {member.Id} fell to {group.Log.Applied}.");
        if (group.Log.Applied > group.Log.Commit || group.Log.Commit > group.Log.Last)
            Assert.Fail($"Member {member.Id} has applied {group.Log.Applied}, committed {group.Log.Commit}, and its log ends at {group.Log.Last}.");
    }

    /// <summary>An entry names its content and what precedes it, wherever it stands: by induction, equal entries follow equal logs.</summary>
    private void CheckLog(Member member, Seen seen)
    {
        var log = member.Group.Log;
        var after = log.After(log.Base, int.MaxValue, long.MaxValue);
        for (var i = after.Length - 1; i >= 0; i--)
        {
            var entry = after[i];
            if (seen.Log.TryGetValue(entry.Index, out var term) && term == entry.Term) break;
            seen.Log[entry.Index] = entry.Term;
            var content = (i == 0 ? log.BaseTerm : after[i - 1].Term, Member.Chain((ulong)entry.Type, entry));
            if (!_entries.TryAdd((entry.Index, entry.Term), content) && _entries[(entry.Index, entry.Term)] != content)
                Assert.Fail($"Entry {entry.Index} of term {entry.Term} is not the same, or does not follow the same, on member {member.Id} as elsewhere.");
        }
    }

    private void CheckCommitted(Member member, Seen seen)
    {
        var log = member.Group.Log;
        for (var index = LogIndex.Max(seen.Commit, log.Base).Next; index <= log.Commit; index = index.Next)
        {
            var term = log.TermAt(index)!.Value;
            if (_committed.TryAdd(index, term)) CheckDurable(member, index, term);
            else if (_committed[index] != term && !cluster.HasForgotten)
                Assert.Fail($"Member {member.Id} committed entry {index} of term {term}; that of term {_committed[index]} was committed before.");
        }
    }

    /// <summary>Committed means durable on a majority, of each half of a joint membership, that was in force when it was counted.</summary>
    private void CheckDurable(Member member, LogIndex index, Term term)
    {
        // Whoever commits it first here need not know the membership the leader counted by: that one may stand later in the log.
        if (IsDurable(member.Group.Configuration) || _ledBy.Any(led => led.Term >= term && IsDurable(led.Configuration))) return;
        Assert.Fail($"Entry {index} was committed by member {member.Id} without being durable on a majority.");

        bool IsDurable(Configuration c) => HasMajority(c.Voters) && (!c.IsJoint || HasMajority(c.VotersOutgoing));

        // What was counted before a disk forgot may be gone from it by now.
        bool HasMajority(IReadOnlyList<MemberId> voters) => voters.Count(v => cluster[v] is { } m && (m.HasForgotten || m.HasDurably(index, term))) > voters.Count / 2;
    }

    private static void CheckDisk(Member member)
    {
        var log = member.Group.Log;
        if (log.Durable > log.Base && !member.HasDurably(log.Durable, log.TermAt(log.Durable)!.Value))
            Assert.Fail($"Member {member.Id} takes entry {log.Durable} to be on its disk, and it is not.");
    }

    private void CheckFollowers(Member leader)
    {
        var c = leader.Group.Configuration;
        foreach (var id in c.Voters) CheckFollower(leader, id);
        foreach (var id in c.VotersOutgoing) CheckFollower(leader, id);
        foreach (var id in c.Learners) CheckFollower(leader, id);
    }

    private void CheckFollower(Member leader, MemberId id)
    {
        if (leader.Group.ProgressOf(id) is not { } p) return;
        if (p.Next <= p.Match) Assert.Fail($"Leader {leader.Id} would send member {id} entry {p.Next} next, which it has: match is {p.Match}.");
        // Only a later term may take away what was acknowledged.
        if (!p.IsCounted || cluster[id] is not { HasForgotten: false } follower || follower.DiskHardState.Term > leader.Group.Term) return;
        if (p.Match > leader.Group.Log.Base && leader.Group.Log.TermAt(p.Match) is { } term && !follower.HasDurably(p.Match, term))
            Assert.Fail($"Leader {leader.Id} counts entry {p.Match} on member {id}, whose disk does not have it.");
    }

    private sealed class Seen
    {
        public int Boot { get; private set; }

        public Term Term { get; set; }

        public LogIndex Commit { get; set; }

        public LogIndex Applied { get; set; }

        /// <summary>The term it led last, and what it counted by.</summary>
        public Term LedIn { get; set; }

        public Configuration? LedBy { get; set; }

        public Dictionary<LogIndex, Term> Log { get; } = [];

        /// <summary>Positions are learnt anew; a term that was never durable may be forgotten.</summary>
        public void Restarted(int boot)
        {
            Boot = boot;
            Term = Term.Zero;
            Commit = Applied = LogIndex.Zero;
            Log.Clear();
        }
    }
}
