using System.Buffers;
using System.Buffers.Binary;
using TokMesh.Cluster;
using TokMesh.Orleans.Links;

namespace TokMesh.Orleans.Tests.Links;

/// <summary>Both ends of a session over a network that loses, doubles and reorders, on virtual time. A seed names a run.</summary>
public sealed class LinkTests
{
    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 200)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_arrives_is_whole_and_in_the_order_it_was_sent(int seed)
    {
        var network = new Network(new Random(seed), lossPercent: 0);
        for (var step = 0; step < 400; step++) network.Step();
        network.Settle();
        Assert.Equal(network.Accepted, network.Passed);
        Assert.Equal(0, network.Losses);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_is_lost_is_skipped_and_said_and_what_comes_after_it_goes_on(int seed)
    {
        var network = new Network(new Random(seed), lossPercent: 10);
        for (var step = 0; step < 400; step++) network.Step();
        network.Settle();
        Assert.Equal(network.Passed.Order().Distinct(), network.Passed);
        Assert.Empty(network.Passed.Except(network.Accepted));
        // Every gap has been said, and nothing is missing without one.
        Assert.True(network.Passed.Count == network.Accepted.Count || network.Losses > 0, "Something is missing that nobody was told of.");
        // Calm again, nothing more is lost, and the window is open.
        var passed = network.Passed.Count;
        network.LossPercent = 0;
        for (var i = 0; i < 50; i++) network.Send(1000);
        network.Settle();
        Assert.Equal(passed + 50, network.Passed.Count);
    }

    [Fact]
    public void What_is_under_way_is_bounded_and_what_waits_beyond_the_bound_is_refused()
    {
        var sent = new List<byte[]>();
        var link = new OutgoingLink(1, (_, _, bytes) => sent.Add(bytes));
        var accepted = 0;
        while (link.Send(Frames(1 << 20))) accepted++;
        Assert.InRange(sent.Sum(p => (long)p.Length), OutgoingLink.MaxBytes, OutgoingLink.MaxBytes + OutgoingLink.PieceBytes);
        Assert.All(sent, p => Assert.True(p.Length <= OutgoingLink.PieceBytes));
        Assert.InRange(accepted, 64, 64 + 9);
        link.Acknowledged(link.Sent);
        Assert.True(link.Send(Frames(1 << 20)));
    }

    [Fact]
    public void Many_small_batches_are_bounded_by_their_number()
    {
        var sent = 0;
        var link = new OutgoingLink(1, (_, _, _) => sent++);
        for (var i = 0; i < 3 * OutgoingLink.MaxPieces; i++) Assert.True(link.Send(Frames(10)));
        Assert.Equal(OutgoingLink.MaxPieces, sent);
        link.Acknowledged(100);
        Assert.Equal(OutgoingLink.MaxPieces + 100, sent);
        // Of another session, or overtaken: no effect.
        link.Acknowledged(ulong.MaxValue);
        link.Acknowledged(50);
        Assert.Equal(OutgoingLink.MaxPieces + 100, sent);
    }

    [Fact]
    public void Word_of_what_was_sent_ends_the_wait_for_a_last_piece_that_was_lost()
    {
        var lost = 0;
        var link = new IncomingLink(1, static _ => { }, () => lost++);
        link.Receive(1, PieceKind.Whole, [1], 0);
        link.Expect(2, 1000);
        link.Expect(2, 1000 + IncomingLink.PatienceMs - 1);
        Assert.Equal((0, 1UL), (lost, link.Done));
        link.Expect(2, 1000 + IncomingLink.PatienceMs);
        Assert.Equal((1, 2UL), (lost, link.Done));
        // Too late: it has been given up, and what it was part of has been sent again in another way.
        link.Receive(2, PieceKind.Whole, [2], 2000);
        Assert.Equal(2UL, link.Done);
    }

    [Fact]
    public void The_rest_of_a_batch_whose_beginning_was_lost_is_not_taken_for_one()
    {
        var passed = new List<byte[]>();
        var link = new IncomingLink(1, frames => passed.Add(frames.ToArray()), static () => { });
        link.Receive(2, PieceKind.Last, [2], 0);
        link.Receive(3, PieceKind.First, [3], 0);
        link.Receive(4, PieceKind.Last, [4], IncomingLink.PatienceMs);
        Assert.Equal([3, 4], Assert.Single(passed));
    }

    private static FrameBuffer Frames(int bytes)
    {
        var frames = FrameBuffer.Rent();
        frames.Write(new byte[bytes]);
        return frames;
    }

    /// <summary>Batches are numbered from 1; a batch of several pieces carries its number in its first bytes and its length after.</summary>
    private sealed class Network
    {
        private readonly Random _random;
        private readonly List<(ulong Number, PieceKind Kind, byte[] Bytes)> _underWay = [];
        private readonly OutgoingLink _out;
        private readonly IncomingLink _in;
        private int _next;
        private long _now;

        public Network(Random random, int lossPercent)
        {
            (_random, LossPercent) = (random, lossPercent);
            _out = new OutgoingLink(7, (number, kind, bytes) => _underWay.Add((number, kind, bytes)));
            _in = new IncomingLink(7, Pass, () => Losses++);
        }

        public int LossPercent { get; set; }

        public List<int> Accepted { get; } = [];

        public List<int> Passed { get; } = [];

        public int Losses { get; private set; }

        public void Step()
        {
            switch (_random.Next(10))
            {
                case < 4:
                    Send(_random.Next(8) == 0 ? _random.Next(8, 3 * OutgoingLink.PieceBytes) : _random.Next(8, 500));
                    break;
                case < 8:
                    Deliver(_random.Next(1, 6));
                    break;
                case 8:
                    // An acknowledgement arrives, or is lost.
                    if (_random.Next(3) > 0) _out.Acknowledged(_in.Done);
                    break;
                default:
                    _now += _random.Next(1, 60);
                    break;
            }
            Assert.True(_underWay.Count <= 2 * OutgoingLink.MaxPieces);
        }

        public void Send(int bytes)
        {
            var frames = FrameBuffer.Rent();
            var content = new byte[bytes];
            BinaryPrimitives.WriteInt32LittleEndian(content, ++_next);
            BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(4), bytes);
            frames.Write(content);
            if (_out.Send(frames)) Accepted.Add(_next);
        }

        /// <summary>Lets time go on, with pings, until nothing is under way or missing.</summary>
        public void Settle()
        {
            for (var i = 0; _in.Done < _out.Sent || _underWay.Count > 0; i++)
            {
                Assert.True(i < 5000, $"{_in.Done} of {_out.Sent} are done with after {i} rounds.");
                Deliver(_underWay.Count);
                _in.Expect(_out.Sent, _now);
                _out.Acknowledged(_in.Done);
                _now += 100;
            }
        }

        private void Deliver(int pieces)
        {
            for (; pieces > 0 && _underWay.Count > 0; pieces--)
            {
                // Mostly in order, so that patience is not always at its end.
                var which = _random.Next(4) == 0 ? _random.Next(Math.Min(20, _underWay.Count)) : 0;
                var piece = _underWay[which];
                _underWay.RemoveAt(which);
                if (_random.Next(100) < LossPercent) continue;
                _in.Receive(piece.Number, piece.Kind, piece.Bytes, _now);
                if (_random.Next(50) == 0) _in.Receive(piece.Number, piece.Kind, piece.Bytes, _now);
            }
        }

        private void Pass(ReadOnlySpan<byte> batch)
        {
            Assert.Equal(batch.Length, BinaryPrimitives.ReadInt32LittleEndian(batch[4..]));
            Passed.Add(BinaryPrimitives.ReadInt32LittleEndian(batch));
        }
    }
}
