using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Replication;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests.Harness;

/// <summary>
/// A group whose network, disks and time are in a test's hand, and which checks the safety properties of the Raft paper
/// (figure 3) whenever something happens.
/// </summary>
internal sealed class Cluster
{
    private readonly Dictionary<Term, MemberId> _leaders = [];
    private readonly Dictionary<LogIndex, (Term Term, ulong Hash)> _committed = [];
    private readonly Dictionary<LogIndex, ulong> _states = [];
    private readonly Dictionary<ulong, LogIndex> _reads = [];
    private readonly Invariants _invariants;
    private LogIndex _acknowledged;
    private ulong _nextRead;

    /// <param name="voters">Members that vote, numbered from 1.</param>
    /// <param name="learners">Members that only listen, numbered on.</param>
    /// <param name="options">Timings and bounds.</param>
    /// <param name="strangers">Members that do not belong to the group yet, numbered on.</param>
    /// <param name="founders">The membership to begin with, where it is not the voters and learners in order.</param>
    public Cluster(int voters, int learners = 0, RaftOptions? options = null, int strangers = 0, Configuration? founders = null)
    {
        _invariants = new Invariants(this);
        Options = options ?? new RaftOptions();
        Options.Validate();
        var ids = Enumerable.Range(1, voters + learners).Select(i => new MemberId((uint)i)).ToArray();
        founders ??= Configuration.Of(ids.Take(voters), ids.Skip(voters));
        Members = [.. ids.Select(id => new Member(this, id, founders)),
            .. Enumerable.Range(ids.Length + 1, strangers).Select(i => Newcomer(new MemberId((uint)i)))];

        // Founders named apart are among the strangers.
        Member Newcomer(MemberId id) => new(this, id, founders.Contains(id) ? founders : Configuration.Empty);
    }

    public RaftOptions Options { get; }

    public Member[] Members { get; }

    public long Now { get; set; } = 1000;

    /// <summary>Messages under way.</summary>
    public List<(Message Message, byte[] Bytes)> Wire { get; } = [];

    /// <summary>What becomes of messages when nobody delivers them by hand.</summary>
    public Network Network { get; } = new();

    /// <summary>What a snapshot at a position holds besides the state.</summary>
    public Func<LogIndex, byte[]> SnapshotBody { get; set; } = static _ => new byte[300];

    public int SnapshotsInstalled { get; set; }

    public int Elections => _leaders.Count;

    public LogIndex LastCommitted => _committed.Count == 0 ? LogIndex.Zero : _committed.Keys.Max();

    public int ReadsAnswered { get; private set; }

    public Member this[int id] => Members[id - 1];

    /// <summary>Null when nobody has this number.</summary>
    public Member? this[MemberId id] => id.Value >= 1 && id.Value <= Members.Length ? Members[id.Value - 1] : null;

    public Member? Leader => Members.Where(m => m.IsUp && m.Group.Role == Role.Leader).MaxBy(m => m.Group.Term);

    public void Post(in Message message, byte[] bytes) => Wire.Add((message, bytes));

    public void Deliver(int position)
    {
        var (message, bytes) = Wire[position];
        Wire.RemoveAt(position);
        if (this[message.To] is { IsUp: true } to) to.Receive(bytes);
    }

    /// <summary>Delivers, persists and ticks until the time is over.</summary>
    public void Run(int ms, Func<Message, bool>? passes = null, Func<Member, bool>? persists = null)
    {
        for (var end = Now + ms; Now < end; Now += 10)
        {
            foreach (var m in Members) if (m.Runs) m.Tick();
            Settle(passes, persists);
        }
    }

    /// <summary>Delivers and persists until nothing moves; no time passes.</summary>
    public void Settle(Func<Message, bool>? passes = null, Func<Member, bool>? persists = null)
    {
        for (var rounds = 0; rounds < 200; rounds++)
        {
            DeliverAll(passes);
            foreach (var m in Members) if (Writes(m)) m.PersistAll();
            foreach (var m in Members) if (m.Runs) m.EndTurn();
            if (!Array.Exists(Members, m => Writes(m) && m.WritesUnderWay > 0) && !Wire.Exists(w => this[w.Message.To] is not { IsUp: true, Runs: false })) break;
        }

        bool Writes(Member m) => m.Runs && !m.IsDiskStalled && (persists is null || persists(m));
    }

    private void DeliverAll(Func<Message, bool>? passes)
    {
        for (var at = 0; at < Wire.Count;)
        {
            var message = Wire[at].Message;
            var fate = Network.FateOf(message, Wire[at].Bytes);
            if (fate == Fate.Held) Network.Held.Add(Wire[at]);
            if (fate != Fate.Delivered || !(passes?.Invoke(message) ?? true)) Wire.RemoveAt(at);
            // Whoever is busy or frozen finds it later.
            else if (this[message.To] is { IsUp: true, Runs: false }) at++;
            else Deliver(at);
        }
    }

    public Member RunUntilLeader()
    {
        for (var i = 0; i < 100 && !(Leader?.Group.IsEstablished ?? false); i++) Run(100);
        return Leader ?? throw new Xunit.Sdk.XunitException("No leader was elected within ten seconds.");
    }

    public bool Propose(Member at, byte[] payload)
    {
        if (at.Group.Propose(payload, out _) != ProposeStatus.Accepted) return false;
        at.Group.Drain(at);
        return true;
    }

    public ChangeStatus Change(Member at, Configuration target)
    {
        var status = at.Group.Change(target, out _, out _);
        if (status == ChangeStatus.Accepted) Changes++;
        at.Drain();
        return status;
    }

    /// <summary>Membership changes accepted by a leader.</summary>
    public int Changes { get; private set; }

    public ulong? Read(Member at)
    {
        // Whatever was acknowledged before the read began must be visible to it.
        var context = ++_nextRead;
        _reads[context] = _acknowledged;
        if (at.Group.Read(context, at.Now))
        {
            at.Group.Drain(at);
            return context;
        }
        _reads.Remove(context);
        return null;
    }

    public bool IsPending(ulong read) => _reads.ContainsKey(read);

    /// <summary>Reads that were given up because leadership was.</summary>
    public HashSet<ulong> LostReads { get; } = [];

    public void ReadAnswered(ulong context, LogIndex applied)
    {
        Assert.True(applied >= _reads[context], $"A read saw the state at {applied}; {_reads[context]} was acknowledged before it began.");
        _reads.Remove(context);
        ReadsAnswered++;
    }

    public void ReadGone(ulong context)
    {
        _reads.Remove(context);
        LostReads.Add(context);
    }

    public void Elected(Member member, Term term)
    {
        Assert.True(_leaders.TryAdd(term, member.Id) || _leaders[term] == member.Id, $"Members {_leaders[term]} and {member.Id} both lead term {term}.");
        foreach (var (index, entry) in _committed)
        {
            if (index <= member.Group.Log.Base) continue;
            if (!member.Group.Log.Matches(index, entry.Term) && !HasForgotten) Assert.Fail($"Leader {member.Id} of term {term} lacks committed entry {index} of term {entry.Term}.");
        }
    }

    /// <summary>Whether a disk forgot, or a message was made up: members may then be in ways that Raft rules out.</summary>
    private bool MayDiffer => HasForgeries || HasForgotten;

    /// <summary>Whether the disk of a member forgot: nothing holds any more that rests on disks.</summary>
    public bool HasForgotten => Array.Exists(Members, m => m.HasForgotten);

    /// <summary>Whether somebody was told what nobody said.</summary>
    public bool HasForgeries { get; set; }

    /// <summary>Where every disk keeps what was synced, nobody is ever accused of having lost it.</summary>
    public void MustHaveForgotten(string accusation)
    {
        if (!MayDiffer) Assert.Fail($"{accusation}, but no disk forgot anything.");
    }

    /// <summary>Checks what must hold at any moment; called before and after a member does anything.</summary>
    public void Note(Member member) => _invariants.Check(member);

    public void CheckSend(Member from, in Message m)
    {
        if (m.Type == MessageType.VoteReply && !m.Reject)
            Assert.Equal(new HardState(m.Term, m.To), from.DiskHardState);
        if (m.Type == MessageType.AppendReply && !m.Reject && m.Index > from.DiskSnapshot.Index
            && !from.HasDurably(m.Index, from.Group.Log.TermAt(m.Index) ?? Term.Zero))
            Assert.Fail($"Member {from.Id} acknowledged {m.Index}, which is not on its disk.");
        // A pre-vote and its grant speak of a term nobody is in yet.
        if (m.Type != MessageType.PreVote && (m.Type != MessageType.PreVoteReply || m.Reject) && from.DiskHardState.Term < m.Term)
            Assert.Fail($"Member {from.Id} spoke of term {m.Term}, which is not on its disk.");
    }

    public void Applied(Member member, in Entry entry)
    {
        var hash = Member.Chain(0, entry);
        if (_committed.TryGetValue(entry.Index, out var known))
        {
            if (known != (entry.Term, hash) && !HasForgotten) Assert.Fail($"Member {member.Id} applied another entry at {entry.Index}.");
        }
        else _committed[entry.Index] = (entry.Term, hash);
        var state = Member.Chain(member.State, entry);
        if (!_states.TryAdd(entry.Index, state) && !HasForgotten) Assert.Equal(_states[entry.Index], state);
        // The leader answers its client when it applies.
        if (member.Group.Role == Role.Leader) _acknowledged = LogIndex.Max(_acknowledged, entry.Index);
    }

    /// <summary>Others applied this before the test began.</summary>
    public void KnowApplied(in Entry entry, ulong state)
    {
        _committed[entry.Index] = (entry.Term, Member.Chain(0, entry));
        _states[entry.Index] = state;
    }

    public void CheckInstalled(Member member, SnapshotMeta meta) => Assert.Equal(_states[meta.Index], member.State);

    public void CheckConverged()
    {
        var members = Members.Where(m => Leader!.Group.Configuration.Contains(m.Id)).ToArray();
        var states = members.Select(m => (m.Group.Log.Applied, m.State)).Distinct().ToArray();
        Assert.True(states.Length == 1, "Members differ: " + string.Join(", ", members.Select(m => $"{m.Id} applied {m.Group.Log.Applied} state {m.State:x}")));
    }
}
