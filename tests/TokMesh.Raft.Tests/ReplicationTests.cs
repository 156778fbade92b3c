using System.Buffers;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests;

/// <summary>Log replication at a size and over a range of values that scenarios do not reach. Numbers are those of the known bugs.</summary>
public sealed class ReplicationTests
{
    private static readonly MemberId Leader = new(2);

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
            output.Settle(follower);
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
        // What was written before memberships had generations.
        ReadOnlySpan<byte> former = [2, 1, 2, 2, 2, 3, 1, 9, 77];
        Assert.Equal(joint, Configuration.Decode(ref former));
        Assert.Equal([77], former.ToArray());
        Assert.Equal([2, 1, 2, 2, 2, 3, 1, 9], joint.Encode());
        encoded = (joint with { Generation = 1ul << 40 }).Encode();
        Assert.Equal(joint with { Generation = 1ul << 40 }, Configuration.Decode(ref encoded));
        Assert.True(encoded.IsEmpty);
    }

    private static RaftGroup Group(uint self, RaftLog log, HardState hardState) =>
        new(new MemberId(self), Configuration.Of([new(1), new(2), new(3)]), hardState, log, new RaftOptions(), self, 0);

    private static RaftLog Log(params (ulong Index, ulong Term)[] entries) => new(LogIndex.Zero, Term.Zero, Entries(entries));

    private static Entry[] Entries(params (ulong Index, ulong Term)[] entries) =>
        [.. entries.Select(e => new Entry(new LogIndex(e.Index), new Term(e.Term), EntryType.Command, new byte[] { (byte)e.Index, (byte)e.Term }))];
}
