using System.Buffers;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests;

/// <summary>
/// A snapshot of position i in two pieces, an older one, appends around i, and the follower's own disk, in every order
/// (pitfall 32): nothing runs backwards, nothing is applied twice or out of place, and in the end the follower has what the leader has.
/// </summary>
public sealed class SnapshotInterleavingTests
{
    private const int Older = 4;
    private const int Newer = 6;
    private const int Last = 9;
    private static readonly MemberId Leader = new(1);
    private static readonly MemberId Follower = new(2);
    private static readonly Configuration Three = Configuration.Of([Leader, Follower, new(3)]);

    private enum Event
    {
        NewerBegins,
        NewerEnds,
        OlderWhole,
        Append,
        Disk,
        DiskAgain,
        DiskOnceMore,
    }

    // Where the follower's log ends and whether its end is another leader's.
    [Theory]
    [InlineData(0, false)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(5, true)]
    [InlineData(6, false)]
    [InlineData(8, true)]
    public void A_snapshot_an_older_one_appends_and_the_disk_come_in_any_order(int has, bool divergent)
    {
        var orders = 0;
        foreach (var order in Orders([.. Enum.GetValues<Event>()], 0))
        {
            // Which of three equal turns of the disk comes first makes no difference.
            if (Array.IndexOf(order, Event.Disk) > Array.IndexOf(order, Event.DiskAgain) || Array.IndexOf(order, Event.DiskAgain) > Array.IndexOf(order, Event.DiskOnceMore)) continue;
            orders++;
            Run(has, divergent, order);
        }
        Assert.Equal(5040 / 6, orders);
    }

    [Fact]
    public void A_snapshot_that_omits_its_receiver_stops_it() // 34
    {
        var cluster = new Cluster(voters: 2);
        var meta = new SnapshotMeta(new LogIndex(Newer), new Term(1), Configuration.Of([Leader]));
        Assert.Throws<RaftInvariantException>(() =>
        {
            foreach (var (message, data) in Pieces(meta, StateAt(Newer))) Deliver(cluster[2], message, [], data);
        });
        Assert.Equal(LogIndex.Zero, cluster[2].DiskSnapshot.Index);
    }

    private static void Run(int has, bool divergent, Event[] order)
    {
        var cluster = new Cluster(voters: 3);
        foreach (var member in new[] { cluster[1], cluster[3] }) member.StartWith(new HardState(new Term(3), Leader), Enumerable.Range(1, Last).Select(i => At(i, 1)));
        cluster[2].StartWith(new HardState(new Term(2), default), Enumerable.Range(1, has).Select(i => At(i, divergent && i == has ? 2u : 1u)));
        // What the snapshots stand for was committed, and applied by others, before.
        for (var i = 1; i <= Newer; i++) cluster.KnowApplied(At(i, 1), StateAt(i));
        var follower = cluster[2];
        var newer = Pieces(Meta(Newer), StateAt(Newer));
        foreach (var e in order)
        {
            switch (e)
            {
                case Event.NewerBegins:
                    Deliver(follower, newer[0].Message, [], newer[0].Data);
                    break;
                case Event.NewerEnds:
                    Deliver(follower, newer[1].Message, [], newer[1].Data);
                    break;
                case Event.OlderWhole:
                    foreach (var (message, data) in Pieces(Meta(Older), StateAt(Older))) Deliver(follower, message, [], data);
                    break;
                case Event.Append:
                    Deliver(follower, Append(3, Newer), [.. Enumerable.Range(4, Last - 3).Select(i => At(i, 1))], []);
                    break;
                default:
                    follower.PersistOne();
                    break;
            }
        }
        // In the end everything comes again, in order.
        follower.PersistAll();
        foreach (var (message, data) in newer) Deliver(follower, message, [], data);
        follower.PersistAll();
        Deliver(follower, Append(Newer, Last), [.. Enumerable.Range(Newer + 1, Last - Newer).Select(i => At(i, 1))], []);
        follower.PersistAll();
        Deliver(follower, Append(Last, Last), [], []);
        follower.PersistAll();
        Assert.Equal((new LogIndex(Last), StateAt(Last)), (follower.Group.Log.Applied, follower.State));
        follower.Crash();
        follower.Start();
        Assert.Equal(new LogIndex(Last), follower.Group.Log.Last);
    }

    private static SnapshotMeta Meta(int index) => new(new LogIndex((ulong)index), new Term(1), Three);

    private static Message Append(int previous, int commit) => new()
    {
        Type = MessageType.Append,
        From = Leader,
        To = Follower,
        Term = new Term(3),
        Index = new LogIndex((ulong)previous),
        LogTerm = new Term(1),
        Commit = new LogIndex((ulong)commit),
    };

    /// <summary>The messages of a whole snapshot, as a leader sends them: the membership, then the state.</summary>
    private static List<(Message Message, byte[] Data)> Pieces(SnapshotMeta meta, ulong state)
    {
        var send = new SnapshotSend(meta, BitConverter.GetBytes(state), chunkBytes: 100, window: 8);
        var pieces = new List<(Message, byte[])>();
        while (send.CanSend)
        {
            var chunk = send.NextChunk(out var offset).ToArray();
            pieces.Add((new Message
            {
                Type = MessageType.SnapshotChunk,
                From = Leader,
                To = Follower,
                Term = new Term(3),
                Index = meta.Index,
                LogTerm = meta.Term,
                Context = send.Context,
                Offset = offset,
                Total = send.Total,
            }, chunk));
        }
        return pieces;
    }

    private static void Deliver(Member member, in Message message, Entry[] entries, byte[] data)
    {
        var buffer = new ArrayBufferWriter<byte>();
        MessageCodec.Encode(buffer, message, entries, data);
        member.Receive(buffer.WrittenSpan.ToArray());
    }

    private static Entry At(int index, uint term) => new(new LogIndex((ulong)index), new Term(term), EntryType.Command, new[] { (byte)index, (byte)term });

    private static ulong StateAt(int index) => Enumerable.Range(1, index).Aggregate(0ul, (state, i) => Member.Chain(state, At(i, 1)));

    private static IEnumerable<Event[]> Orders(Event[] events, int from)
    {
        if (from == events.Length) yield return events;
        for (var i = from; i < events.Length; i++)
        {
            (events[from], events[i]) = (events[i], events[from]);
            foreach (var order in Orders(events, from + 1)) yield return order;
            (events[from], events[i]) = (events[i], events[from]);
        }
    }
}
