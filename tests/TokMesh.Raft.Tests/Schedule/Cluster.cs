namespace TokMesh.Raft.Tests.Schedule;

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
    private readonly HashSet<(Term Term, Configuration Configuration)> _ledBy = [];
    private LogIndex _acknowledged;
    private ulong _nextRead;

    /// <param name="voters">Members that vote, numbered from 1.</param>
    /// <param name="learners">Members that only listen, numbered on.</param>
    /// <param name="options">Timings and bounds.</param>
    /// <param name="strangers">Members that do not belong to the group yet, numbered on.</param>
    public Cluster(int voters, int learners = 0, RaftOptions? options = null, int strangers = 0)
    {
        Options = options ?? new RaftOptions();
        Options.Validate();
        var ids = Enumerable.Range(1, voters + learners).Select(i => new MemberId((uint)i)).ToArray();
        var founders = Configuration.Of(ids.Take(voters), ids.Skip(voters));
        Members = [.. ids.Select(id => new Member(this, id, founders)),
            .. Enumerable.Range(ids.Length + 1, strangers).Select(i => new Member(this, new MemberId((uint)i), Configuration.Empty))];
    }

    public RaftOptions Options { get; }

    public Member[] Members { get; }

    public long Now { get; set; } = 1000;

    /// <summary>Messages under way.</summary>
    public List<(Message Message, byte[] Bytes)> Wire { get; } = [];

    /// <summary>What a snapshot at a position holds besides the state.</summary>
    public Func<LogIndex, byte[]> SnapshotBody { get; set; } = static _ => new byte[300];

    public int SnapshotsInstalled { get; set; }

    public int Elections => _leaders.Count;

    public LogIndex LastCommitted => _committed.Count == 0 ? LogIndex.Zero : _committed.Keys.Max();

    public int ReadsAnswered { get; private set; }

    public Member this[int id] => Members[id - 1];

    public Member? Leader => Members.Where(m => m.IsUp && m.Group.Role == Role.Leader).MaxBy(m => m.Group.Term);

    public void Post(in Message message, byte[] bytes) => Wire.Add((message, bytes));

    public void Deliver(int position)
    {
        var (message, bytes) = Wire[position];
        Wire.RemoveAt(position);
        var to = this[(int)message.To.Value];
        if (to.IsUp) to.Receive(bytes);
    }

    /// <summary>Delivers, persists and ticks until nothing moves or the time is over.</summary>
    public void Run(int ms, Func<Message, bool>? passes = null, Func<Member, bool>? persists = null)
    {
        for (var end = Now + ms; Now < end; Now += 10)
        {
            foreach (var m in Members) if (m.IsUp) m.Tick();
            for (var rounds = 0; rounds < 200; rounds++)
            {
                while (Wire.Count > 0)
                {
                    if (passes is null || passes(Wire[0].Message)) Deliver(0);
                    else Wire.RemoveAt(0);
                }
                foreach (var m in Members) if (m.IsUp && (persists is null || persists(m))) m.PersistAll();
                if (Wire.Count == 0) break;
            }
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
        if (at.Group.Read(context, Now))
        {
            at.Group.Drain(at);
            return context;
        }
        _reads.Remove(context);
        return null;
    }

    public bool IsPending(ulong read) => _reads.ContainsKey(read);

    public void ReadAnswered(ulong context, LogIndex applied)
    {
        Assert.True(applied >= _reads[context], $"A read saw the state at {applied}; {_reads[context]} was acknowledged before it began.");
        _reads.Remove(context);
        ReadsAnswered++;
    }

    public void ReadGone(ulong context) => _reads.Remove(context);

    public void Elected(Member member, Term term)
    {
        Assert.True(_leaders.TryAdd(term, member.Id) || _leaders[term] == member.Id, $"Members {_leaders[term]} and {member.Id} both lead term {term}.");
        foreach (var (index, entry) in _committed)
        {
            if (index <= member.Group.Log.Base) continue;
            Assert.True(member.Group.Log.Matches(index, entry.Term), $"Leader {member.Id} of term {term} lacks committed entry {index} of term {entry.Term}.");
        }
    }

    /// <summary>Remembers by which memberships leaders have counted.</summary>
    public void Note(Member member)
    {
        if (member.Group.Role == Role.Leader) _ledBy.Add((member.Group.Term, member.Group.Configuration));
    }

    public void CheckSend(Member from, in Message m)
    {
        if (m.Type == MessageType.VoteReply && !m.Reject)
            Assert.Equal(new HardState(m.Term, m.To), from.DiskHardState);
        if (m.Type == MessageType.AppendReply && !m.Reject)
            Assert.True(m.Index <= from.Group.Log.Commit && m.Index <= from.DiskSnapshot.Index || from.HasDurably(m.Index, from.Group.Log.TermAt(m.Index) ?? Term.Zero),
                $"Member {from.Id} acknowledged {m.Index}, which is not on its disk.");
        if (m.Type is MessageType.Vote or MessageType.VoteReply or MessageType.AppendReply)
            Assert.True(from.DiskHardState.Term >= m.Term, $"Member {from.Id} spoke of term {m.Term}, which is not on its disk.");
    }

    public void Applied(Member member, in Entry entry)
    {
        var hash = Member.Chain(0, entry);
        if (_committed.TryGetValue(entry.Index, out var known))
            Assert.True(known == (entry.Term, hash), $"Member {member.Id} applied another entry at {entry.Index}.");
        else
        {
            _committed[entry.Index] = (entry.Term, hash);
            CheckDurable(member, entry);
        }
        var state = Member.Chain(member.State, entry);
        if (!_states.TryAdd(entry.Index, state)) Assert.Equal(_states[entry.Index], state);
        // The leader answers its client when it applies.
        if (member.Group.Role == Role.Leader) _acknowledged = LogIndex.Max(_acknowledged, entry.Index);
    }

    /// <summary>Committed means durable on a majority, of each half of a joint membership, that was in force when it was counted.</summary>
    private void CheckDurable(Member member, Entry entry)
    {
        // Whoever applies it first need not know the membership the leader counted by: that one may stand later in the log.
        var inForce = _ledBy.Where(l => l.Term >= entry.Term).Select(l => l.Configuration).Append(member.Group.ConfigurationAt(entry.Index));
        if (inForce.Any(c => HasMajority(c.Voters) && (!c.IsJoint || HasMajority(c.VotersOutgoing)))) return;
        Assert.Fail($"Entry {entry.Index} was committed without being durable on a majority of {member.Group.Configuration}.");

        bool HasMajority(IReadOnlyList<MemberId> voters) => voters.Count(v => this[(int)v.Value].HasDurably(entry.Index, entry.Term)) > voters.Count / 2;
    }

    public void CheckInstalled(Member member, SnapshotMeta meta) => Assert.Equal(_states[meta.Index], member.State);

    public void CheckConverged()
    {
        var members = Members.Where(m => Leader!.Group.Configuration.Contains(m.Id)).ToArray();
        var states = members.Select(m => (m.Group.Log.Applied, m.State)).Distinct().ToArray();
        Assert.True(states.Length == 1, "Members differ: " + string.Join(", ", members.Select(m => $"{m.Id} applied {m.Group.Log.Applied} state {m.State:x}")));
    }
}
