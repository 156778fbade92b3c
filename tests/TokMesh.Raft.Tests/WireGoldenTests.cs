using System.Buffers;
using TokMesh.Raft.Log;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests;

/// <summary>Messages as nodes of every release with protocol version 2 send them: these bytes may not change under that number.</summary>
public sealed class WireGoldenTests
{
    public static TheoryData<MessageType, string> Frozen() => new()
    {
        { MessageType.PreVote, "0103c80107ac02060000000000" },
        { MessageType.PreVoteReply, "8203c80107ac02060000000000" },
        { MessageType.Vote, "0303c80107ac02060000010000" },
        { MessageType.VoteReply, "8403c80107ac02060000000000" },
        { MessageType.Append, "0503c80107ac0206a2020005000002060003010203070100" },
        { MessageType.AppendReply, "8603c80107ac0206009802050000" },
        { MessageType.Heartbeat, "0703c80107ac0206a202004d959aef3a00" },
        { MessageType.HeartbeatReply, "0803c80107ac020600004d969aef3a00" },
        { MessageType.SnapshotChunk, "0903c80107ac020600000b808004c0843d0409080706" },
        { MessageType.SnapshotReply, "8a03c80107ac020600000b80800800" },
        { MessageType.TimeoutNow, "0b03c80107ac02060000000000" },
        { MessageType.Violation, "0c03c80107ac02060000010000" },
        { MessageType.Exclusion, "0d03c80107ac02060000020000" },
    };

    [Theory]
    [MemberData(nameof(Frozen))]
    public void A_message_has_the_bytes_it_always_had(MessageType type, string hex)
    {
        var output = new ArrayBufferWriter<byte>();
        MessageCodec.Encode(output, Sample(type), Entries, Data);
        Assert.Equal(hex, Convert.ToHexStringLower(output.WrittenSpan));

        var entries = new List<Entry>();
        Assert.Equal(Sample(type), MessageCodec.Decode(Convert.FromHexString(hex), entries, out var data));
        if (type == MessageType.Append) Assert.Equal(Entries.Select(Shown), entries.Select(Shown));
        if (type == MessageType.SnapshotChunk) Assert.Equal(Data, data);
    }

    [Fact]
    public void Every_type_is_among_them() => Assert.Equal(Enum.GetValues<MessageType>(), Frozen().Select(static row => (MessageType)row[0]));

    private static (LogIndex, Term, EntryType, string) Shown(Entry e) => (e.Index, e.Term, e.Type, Convert.ToHexString(e.Payload.Span));

    private static Entry[] Entries =>
    [
        new(new LogIndex(301), new Term(6), EntryType.Command, new byte[] { 1, 2, 3 }),
        new(new LogIndex(302), new Term(7), EntryType.Configuration, ReadOnlyMemory<byte>.Empty),
    ];

    private static byte[] Data => [9, 8, 7, 6];

    private static Message Sample(MessageType type)
    {
        var m = new Message { Type = type, From = new MemberId(3), To = new MemberId(200), Term = new Term(7), Index = new LogIndex(300), LogTerm = new Term(6) };
        return type switch
        {
            MessageType.PreVoteReply or MessageType.VoteReply => m with { Reject = true },
            MessageType.Vote => m with { IsForLeader = true },
            MessageType.Append => m with { Commit = new LogIndex(290), Probe = 5 },
            MessageType.AppendReply => m with { Reject = true, Hint = new LogIndex(280), Probe = 5 },
            MessageType.Heartbeat => m with { LeaderCommit = new LogIndex(300), Commit = new LogIndex(290), Round = 77, Clock = 123_456_789 },
            MessageType.HeartbeatReply => m with { Round = 77, Clock = 123_456_790 },
            MessageType.SnapshotChunk => m with { Transfer = 11, Position = 65_536, Total = 1_000_000 },
            MessageType.SnapshotReply => m with { Transfer = 11, Position = 131_072, Reject = true },
            MessageType.Violation => m with { Violation = LogViolation.AcknowledgedMissing },
            MessageType.Exclusion => m with { Violation = LogViolation.CommittedContradicted },
            _ => m,
        };
    }
}
