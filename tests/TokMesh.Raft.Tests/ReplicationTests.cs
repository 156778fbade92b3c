using System.Buffers;
using TokMesh.Raft.Tests.Schedule;

namespace TokMesh.Raft.Tests;

/// <summary>Log replication: what may be truncated, acknowledged, committed. Numbers are those of the known bugs they guard against.</summary>
public sealed class ReplicationTests
{
    private static readonly MemberId Leader = new(2);

    [Fact]
    public void An_entry_of_an_earlier_term_is_not_committed_by_counting() // 11, figure 8 of the paper
    {
        // Member 1 leads term 2 and puts an entry on itself and 2 only; 3 leads term 3 with another; 1 comes back in term 4.
        var log = Log((1, 1), (2, 2));
        var group = Group(1, log, new HardState(new Term(3), default));
        var output = new Recorder();
        group.Campaign();
        Settle(group, output);
        group.Step(new Message { Type = MessageType.PreVoteReply, From = Leader, To = group.Self, Term = new Term(4) }, [], [], 2);
        Settle(group, output);
        group.Step(new Message { Type = MessageType.VoteReply, From = Leader, To = group.Self, Term = new Term(4) }, [], [], 3);
        Settle(group, output);
        Assert.Equal(Role.Leader, group.Role);
        group.Step(new Message { Type = MessageType.AppendReply, From = Leader, To = group.Self, Term = new Term(4), Index = new LogIndex(2) }, [], [], 4);
        Assert.Equal(LogIndex.Zero, group.Log.Commit);
        group.Step(new Message { Type = MessageType.AppendReply, From = Leader, To = group.Self, Term = new Term(4), Index = new LogIndex(3) }, [], [], 5);
        Assert.Equal(new LogIndex(3), group.Log.Commit);
    }

    [Fact]
    public void A_repeated_append_truncates_nothing() // 12
    {
        var group = Group(1, Log((1, 1), (2, 1), (3, 1), (4, 1)), new HardState(new Term(1), default));
        Append(group, 1, 4, 1, Entries((5, 1), (6, 1), (7, 1), (8, 1), (9, 1), (10, 1)));
        Append(group, 1, 4, 1, Entries((5, 1), (6, 1)));
        Assert.Equal(new LogIndex(10), group.Log.Last);
    }

    [Fact]
    public void Only_what_a_message_verified_is_taken_as_committed() // 13
    {
        // The tail 3..5 of term 1 conflicts with the leader's; the message ends before the conflict and speaks of a high commit.
        var group = Group(1, Log((1, 1), (2, 1), (3, 1), (4, 1), (5, 1)), new HardState(new Term(2), default));
        Append(group, 2, 1, 1, Entries((2, 1)), commit: 5);
        Assert.Equal(new LogIndex(2), group.Log.Commit);
    }

    [Fact]
    public void A_heartbeat_does_not_commit_beyond_what_the_follower_matched() // 14
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var deaf = cluster.Members.First(m => m != leader);
        var had = deaf.Group.Log.Last;
        for (var i = 0; i < 5; i++) Assert.True(cluster.Propose(leader, [(byte)i]));
        // Only heartbeats reach it: it hears of commits of entries it does not have.
        cluster.Run(400, m => m.To != deaf.Id || m.Type == MessageType.Heartbeat);
        Assert.Equal(had, deaf.Group.Log.Commit);
        Assert.True(leader.Group.Log.Commit > had);
    }

    [Fact]
    public void A_conflict_below_the_commit_position_stops_the_group() // 15
    {
        var group = Group(1, Log((1, 1), (2, 1)), new HardState(new Term(1), default));
        Append(group, 1, 2, 1, [], commit: 2);
        Assert.Equal(new LogIndex(2), group.Log.Commit);
        Assert.Throws<RaftInvariantException>(() => Append(group, 2, 1, 1, Entries((2, 2))));
        Assert.Equal(new LogIndex(2), group.Log.Last);
    }

    [Fact]
    public void A_window_full_of_lost_messages_does_not_stall_the_follower() // 16
    {
        var cluster = new Cluster(voters: 3, options: new RaftOptions { MaxInflightAppends = 2, MaxEntriesPerAppend = 1 });
        var leader = cluster.RunUntilLeader();
        var unlucky = cluster.Members.First(m => m != leader);
        for (var i = 0; i < 10; i++) Assert.True(cluster.Propose(leader, [(byte)i]));
        cluster.Run(50, m => !(m.To == unlucky.Id && m.Type == MessageType.Append));
        cluster.Run(1500);
        Assert.Equal(leader.Group.Log.Last, unlucky.Group.Log.Last);
    }

    [Fact]
    public void A_long_divergent_tail_is_found_in_one_probe_per_term() // 17
    {
        const int Length = 100_000;
        var tail = Enumerable.Range(1, Length).Select(i => ((ulong)i, i < 10 ? 1ul : 2ul)).ToArray();
        var follower = Group(1, Log(tail), new HardState(new Term(2), default));
        var leaderLog = Log([.. Enumerable.Range(1, Length).Select(i => ((ulong)i, i < 10 ? 1ul : 3ul))]);
        // The leader probes at its end; each refusal names where to go on.
        var at = leaderLog.Last;
        var probes = 0;
        while (true)
        {
            probes++;
            var output = new Recorder();
            follower.Step(new Message { Type = MessageType.Append, From = Leader, To = follower.Self, Term = new Term(3), Index = at, LogTerm = leaderLog.TermAt(at)!.Value }, [], [], probes);
            Settle(follower, output);
            var reply = output.Sent.Last(m => m.Type == MessageType.AppendReply);
            if (!reply.Reject) break;
            at = leaderLog.FindConflict(reply.Hint, reply.LogTerm).Index;
        }
        Assert.True(probes <= 3, $"{probes} probes were needed.");
        Assert.Equal(new LogIndex(9), at);
    }

    [Fact]
    public void Every_message_survives_the_wire() // 19
    {
        var random = new Random(19);
        var decoded = new List<Entry>();
        for (var round = 0; round < 3000; round++)
        {
            var m = new Message
            {
                Type = (MessageType)random.Next(1, 12),
                From = new MemberId((uint)random.Next()),
                To = new MemberId((uint)random.Next()),
                Term = new Term((ulong)random.NextInt64()),
                Index = new LogIndex((ulong)random.NextInt64(1 << 20)),
                LogTerm = new Term((ulong)random.NextInt64()),
                Commit = new LogIndex((ulong)random.NextInt64()),
                Reject = random.Next(2) == 0,
                Hint = new LogIndex((ulong)random.NextInt64()),
                Context = (ulong)random.NextInt64(),
                Offset = random.NextInt64(),
                Total = random.NextInt64(),
            };
            var entries = Enumerable.Range(1, m.Type == MessageType.Append ? random.Next(5) : 0).Select(i =>
            {
                var payload = new byte[random.Next(100)];
                random.NextBytes(payload);
                return new Entry(m.Index + i, new Term((ulong)random.Next()), (EntryType)random.Next(2), payload);
            }).ToArray();
            var data = new byte[m.Type == MessageType.SnapshotChunk ? random.Next(200) : 0];
            random.NextBytes(data);
            var buffer = new ArrayBufferWriter<byte>();
            MessageCodec.Encode(buffer, m, entries, data);
            Assert.Equal(m, MessageCodec.Decode(buffer.WrittenSpan, decoded, out var read));
            Assert.True(data.AsSpan().SequenceEqual(read));
            Assert.Equal(entries.Length, decoded.Count);
            for (var i = 0; i < entries.Length; i++)
            {
                Assert.Equal((entries[i].Index, entries[i].Term, entries[i].Type), (decoded[i].Index, decoded[i].Term, decoded[i].Type));
                Assert.True(entries[i].Payload.Span.SequenceEqual(decoded[i].Payload.Span));
            }
            // Cut anywhere, it is refused, never misread past its end.
            var cut = buffer.WrittenSpan[..random.Next(buffer.WrittenCount)].ToArray();
            Assert.ThrowsAny<Exception>(() => MessageCodec.Decode(cut, decoded, out _));
        }
        var joint = new Configuration { Voters = [new(1), new(2)], VotersOutgoing = [new(2), new(3)], Learners = [new(9)] };
        ReadOnlySpan<byte> encoded = joint.Encode();
        Assert.Equal(joint, Configuration.Decode(ref encoded));
    }

    [Fact]
    public void Without_a_quorum_proposals_are_refused_before_memory_runs_out() // 20
    {
        var cluster = new Cluster(voters: 3, options: new RaftOptions { MaxUncommittedBytes = 10_000 });
        var leader = cluster.RunUntilLeader();
        var accepted = 0;
        while (leader.Group.Propose(new byte[1000], out _) == ProposeStatus.Accepted) accepted++;
        Assert.Equal(10, accepted);
        Assert.Equal(ProposeStatus.Busy, leader.Group.Propose(new byte[1000], out _));
        cluster.Run(500);
        Assert.Equal(ProposeStatus.Accepted, leader.Group.Propose(new byte[1000], out _));
    }

    [Fact]
    public void A_late_disk_answer_does_not_vouch_for_entries_rewritten_meanwhile() // 22
    {
        var log = Log((1, 1), (2, 1));
        log.Append(new Term(1), EntryType.Command, new byte[] { 1 });
        log.IssuedAs(1);
        log.Merge(Entries((3, 2)));
        log.IssuedAs(2);
        // A later leader puts the very entry of the first write back.
        log.Merge(Entries((3, 3)));
        log.IssuedAs(3);
        log.PersistedTo(1);
        Assert.Equal(new LogIndex(2), log.Durable);
        log.PersistedTo(2);
        Assert.Equal(new LogIndex(2), log.Durable);
        log.PersistedTo(3);
        Assert.Equal(new LogIndex(3), log.Durable);
    }

    [Fact]
    public void A_follower_behind_the_log_catches_up_by_snapshot_while_writes_go_on() // 35, 38
    {
        var cluster = new Cluster(voters: 3, options: new RaftOptions { SnapshotChunkBytes = 64, SnapshotWindow = 2 });
        var leader = cluster.RunUntilLeader();
        var behind = cluster.Members.First(m => m != leader);
        behind.Crash();
        for (var i = 0; i < 30; i++)
        {
            Assert.True(cluster.Propose(leader, [(byte)i]));
            cluster.Run(20);
            leader.Compact(0);
        }
        behind.Start();
        for (var i = 0; i < 20; i++)
        {
            Assert.True(cluster.Propose(leader, [(byte)i]));
            leader.Compact(0);
            cluster.Run(30);
        }
        cluster.Run(1500);
        Assert.True(cluster.SnapshotsInstalled >= 1);
        cluster.CheckConverged();
    }

    private static RaftGroup Group(uint self, RaftLog log, HardState hardState) =>
        new(new MemberId(self), Configuration.Of([new(1), new(2), new(3)]), hardState, log, new RaftOptions(), self, 0);

    private static RaftLog Log(params (ulong Index, ulong Term)[] entries) => new(LogIndex.Zero, Term.Zero, Entries(entries));

    private static Entry[] Entries(params (ulong Index, ulong Term)[] entries) =>
        [.. entries.Select(e => new Entry(new LogIndex(e.Index), new Term(e.Term), EntryType.Command, new byte[] { (byte)e.Index, (byte)e.Term }))];

    private static void Append(RaftGroup group, ulong term, ulong previous, ulong previousTerm, Entry[] entries, ulong commit = 0)
    {
        group.Step(new Message
        {
            Type = MessageType.Append,
            From = Leader,
            To = group.Self,
            Term = new Term(term),
            Index = new LogIndex(previous),
            LogTerm = new Term(previousTerm),
            Commit = new LogIndex(commit),
        }, entries, [], 1);
        Settle(group, new Recorder());
    }

    private static void Settle(RaftGroup group, Recorder output)
    {
        group.Drain(output);
        group.Persisted(output.LastSeq);
        group.Drain(output);
    }

    private sealed class Recorder : IRaftOutput
    {
        public ulong LastSeq { get; private set; }

        public List<Message> Sent { get; } = [];

        public void Persist(ulong seq, HardState? hardState, ReadOnlySpan<Entry> entries) => LastSeq = seq;

        public void Send(in Message message, ReadOnlySpan<Entry> entries, ReadOnlySpan<byte> data) => Sent.Add(message);

        public void Apply(ReadOnlySpan<Entry> entries)
        {
        }

        public void ReadReady(ulong context)
        {
        }

        public void ReadLost(ulong context)
        {
        }

        public void SnapshotNeeded(MemberId to)
        {
        }

        public void InstallSnapshot(SnapshotMeta meta, ReadOnlyMemory<byte> data)
        {
        }

        public void RoleChanged(Role role, Term term, MemberId leader)
        {
        }
    }
}
