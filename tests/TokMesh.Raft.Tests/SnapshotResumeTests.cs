using TokMesh.Raft.Options;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests;

/// <summary>A snapshot that is broken off goes on where it was, even from another leader and at another position.</summary>
public sealed class SnapshotResumeTests
{
    private const int BodyBytes = 200_000;
    private static readonly RaftOptions Options = new() { SnapshotChunkBytes = 1000, SnapshotWindow = 4 };

    [Fact]
    public void After_an_interruption_only_what_is_missing_is_sent()
    {
        var (cluster, leader, away) = WithOneFarBehind();
        var sent = SendUntil(cluster, away, bytes: BodyBytes / 2);
        // The link is cut for long; the leader stays the same.
        cluster.Run(5000, passes: m => m.To != away.Id && m.From != away.Id);
        sent += SendUntil(cluster, away, bytes: long.MaxValue);
        Assert.Equal(leader, cluster.Leader);
        Assert.Equal(1, cluster.SnapshotsInstalled);
        // One window may have been lost on the way, and be repeated.
        Assert.InRange(sent, BodyBytes, BodyBytes + 3 * Options.SnapshotWindow * Options.SnapshotChunkBytes + ListBytes);
        cluster.CheckConverged();
    }

    [Fact]
    public void Another_leader_sends_only_what_is_missing_though_its_state_has_moved_on()
    {
        var (cluster, leader, away) = WithOneFarBehind();
        SendUntil(cluster, away, bytes: BodyBytes * 3 / 4);
        leader.Crash();
        cluster.Run(3000, passes: m => m.To != away.Id && m.From != away.Id);
        Assert.NotEqual(leader, cluster.Leader);
        Assert.True(cluster.Propose(cluster.Leader!, [7, 7, 7]));
        cluster.Run(500, passes: m => m.To != away.Id && m.From != away.Id);
        foreach (var m in cluster.Members) if (m.IsUp && m != away) m.Compact(0);
        var sent = SendUntil(cluster, away, bytes: long.MaxValue);
        Assert.Equal(1, cluster.SnapshotsInstalled);
        // A quarter is missing; the list of pieces is the other tenth, and what was under way when it turned out to be known.
        Assert.InRange(sent, BodyBytes / 5, BodyBytes * 3 / 5);
        leader.Start();
        cluster.Run(2000);
        cluster.CheckConverged();
    }

    [Fact]
    public void A_snapshot_that_has_nothing_in_common_starts_over_and_is_not_mixed()
    {
        var (cluster, leader, away) = WithOneFarBehind();
        SendUntil(cluster, away, bytes: BodyBytes / 2);
        leader.Crash();
        cluster.SnapshotBody = index => Body(seed: 99);
        cluster.Run(3000, passes: m => m.To != away.Id && m.From != away.Id);
        Assert.True(cluster.Propose(cluster.Leader!, [7]));
        cluster.Run(500, passes: m => m.To != away.Id && m.From != away.Id);
        foreach (var m in cluster.Members) if (m.IsUp && m != away) m.Compact(0);
        var sent = SendUntil(cluster, away, bytes: long.MaxValue);
        Assert.Equal(1, cluster.SnapshotsInstalled);
        Assert.InRange(sent, BodyBytes, BodyBytes + 3 * Options.SnapshotWindow * Options.SnapshotChunkBytes + ListBytes);
        Assert.Equal(cluster.Leader!.State, away.State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    [InlineData(100_000)]
    public void Of_a_state_that_grew_anywhere_most_pieces_stay_the_same(int at)
    {
        var before = Body(seed: 1);
        byte[] after = [.. before[..at], 1, 2, 3, .. before[at..]];
        var names = Names(before);
        Assert.InRange(names.Count, BodyBytes / 1000, 16 * BodyBytes / 1000);
        Assert.InRange(Names(after).Except(names).Count(), 1, 4);
    }

    // Each entry of the list of pieces takes about 18 bytes.
    private const int ListBytes = 18 * 16 * BodyBytes / 1000;

    private static List<UInt128> Names(byte[] body)
    {
        var list = new System.Buffers.ArrayBufferWriter<byte>();
        SnapshotPieces.WriteList(body, 1000, list);
        var written = list.WrittenSpan;
        var pieces = SnapshotPieces.ReadList(ref written, 0);
        Assert.Equal(body.Length, pieces[^1].End);
        return [.. pieces.Select(p => p.Name)];
    }

    private static byte[] Body(int seed)
    {
        var body = new byte[BodyBytes];
        new Random(seed).NextBytes(body);
        return body;
    }

    private static (Cluster Cluster, Member Leader, Member Away) WithOneFarBehind()
    {
        var cluster = new Cluster(5, options: Options)
        {
            // A state of which every entry changes a little, wherever.
            SnapshotBody = index =>
            {
                var body = Body(seed: 1).ToList();
                for (ulong i = 1; i <= index.Value; i++) body.Insert((int)(i * 7919 % BodyBytes), (byte)i);
                return [.. body];
            },
        };
        var leader = cluster.RunUntilLeader();
        var away = cluster.Members.First(m => m != leader);
        away.Crash();
        for (byte i = 1; i <= 8; i++) Assert.True(cluster.Propose(leader, [i]));
        cluster.Run(500);
        foreach (var m in cluster.Members) if (m.IsUp) m.Compact(0);
        away.Start();
        return (cluster, leader, away);
    }

    /// <summary>Runs until so much of a snapshot has been sent, or it is installed; tells how much was sent.</summary>
    private static long SendUntil(Cluster cluster, Member to, long bytes)
    {
        long sent = 0;
        var installed = cluster.SnapshotsInstalled;
        for (var i = 0; i < 2000 && sent < bytes && cluster.SnapshotsInstalled == installed; i++)
        {
            cluster.Run(10, passes: m =>
            {
                if (sent >= bytes) return false;
                if (m.Type == MessageType.SnapshotChunk && m.To == to.Id) sent += cluster.Wire[0].Bytes.Length;
                return true;
            });
        }
        return sent;
    }
}
