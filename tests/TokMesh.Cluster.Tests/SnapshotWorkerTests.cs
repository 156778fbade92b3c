using System.Buffers;
using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Lanes;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Log.Snapshots;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Snapshots;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.TestKit.Disks;

namespace TokMesh.Cluster.Tests;

/// <summary>Snapshot files come one by one and go again; whenever power goes, what is left must be enough to start from.</summary>
public sealed class SnapshotWorkerTests
{
    private const uint Group = 1, Other = 2;

    [Fact]
    public void Of_a_group_the_newest_two_remain()
    {
        using var node = new HandTurnedNode(new VirtualDisk());
        var disk = new VirtualDisk();
        var writer = new SnapshotWorker(Store(disk));
        Take(writer, node, Group, 10);
        Assert.Equal([10], Indexes(disk, Group));
        for (ulong index = 20; index <= 100; index += 10)
        {
            Take(writer, node, Group, index);
            Assert.Equal([index - 10, index], Indexes(disk, Group));
        }
        Assert.Equal(10, writer.Written);
    }

    [Fact]
    public void One_that_came_from_a_leader_displaces_older_ones_too()
    {
        using var node = new HandTurnedNode(new VirtualDisk());
        var disk = new VirtualDisk();
        var writer = new SnapshotWorker(Store(disk));
        var replica = node.ReplicaOf(Group);
        for (ulong index = 10; index <= 50; index += 10)
        {
            writer.Store(node.Lane, replica, Meta(replica, index), BodyOf(index));
            writer.Turn();
        }
        Assert.Equal([40, 50], Indexes(disk, Group));
    }

    [Fact]
    public void Other_groups_keep_theirs_however_old()
    {
        using var node = new HandTurnedNode(new VirtualDisk());
        var disk = new VirtualDisk();
        var writer = new SnapshotWorker(Store(disk));
        Take(writer, node, 0, 1);
        Take(writer, node, Other, 3);
        Take(writer, node, Other, 5);
        string[] others = [.. disk.List()];
        var bytes = others.Select(disk.ReadAll).ToArray();
        for (ulong index = 10; index <= 100; index += 10) Take(writer, node, Group, index);
        Assert.Equal(others, disk.List().Except(["snap-1-90-1.tms", "snap-1-100-1.tms"]));
        Assert.Equal(bytes, others.Select(disk.ReadAll));
    }

    [Fact]
    public void Wherever_power_is_cut_the_newest_that_was_reported_or_a_newer_one_is_there()
    {
        using var node = new HandTurnedNode(new VirtualDisk());
        var cuts = 0;
        // Until the cut lies beyond all that is written.
        for (var (at, wasCut) = (1L, true); wasCut; at++)
        {
            var disk = new VirtualDisk();
            var writer = new SnapshotWorker(Store(disk));
            disk.CutPowerAt(at);
            ulong reported = 0;
            try
            {
                for (ulong index = 10; index <= 50; index += 10)
                {
                    Take(writer, node, Group, index);
                    reported = index;
                }
                wasCut = false;
            }
            catch (Exception e) when (e is SimulatedPowerCut || e.InnerException is SimulatedPowerCut)
            {
                cuts++;
            }
            disk.Crash((ulong)at);

            var store = Store(disk);
            var latest = store.Latest(Group);
            Assert.True((latest?.Index ?? 0) >= reported, $"Cut at operation {at}: {reported} was reported, {latest?.Index} is the newest.");
            if (latest is not null) Assert.Equal(BodyOf(latest.Index).ToArray(), store.ReadBody(latest));
        }
        // Five are created, written, synced and renamed; three are deleted.
        Assert.True(cuts > 5 * 5 + 3 * 2, $"Only {cuts} cuts.");
    }

    [Fact]
    public void A_node_under_log_pressure_keeps_two_files_of_each_group()
    {
        var disk = new VirtualDisk();
        using var node = new HandTurnedNode(disk);
        node.SetUntilSnapshotsWritten(Other, 1);
        node.SetUntilSnapshotsWritten(Group, 5, () => Assert.True(Indexes(disk, Group).Count <= 2, $"There are {string.Join(' ', disk.List())}."));
        Assert.Equal(2, Indexes(disk, Group).Count);
        Assert.Equal(node.ReplicaOf(Group).SnapshotIndex, Indexes(disk, Group)[^1]);
        // One when it was written to, perhaps one more for what was still in an old segment then: nothing of it was displaced since.
        Assert.InRange(Indexes(disk, Other).Count, 1, 2);
        Assert.Equal(node.ReplicaOf(Other).SnapshotIndex, Indexes(disk, Other)[^1]);
    }

    [Fact]
    public void A_node_that_starts_again_keeps_two_files_once_it_has_written_two()
    {
        var disk = new VirtualDisk();
        using (var before = new HandTurnedNode(disk)) before.SetUntilSnapshotsWritten(Group, 3);
        disk.Crash();
        using var node = new HandTurnedNode(disk);
        node.SetUntilSnapshotsWritten(Group, 2);
        Assert.Equal(2, Indexes(disk, Group).Count);
    }

    [Fact]
    public void A_node_that_takes_one_snapshot_a_start_keeps_two_files_all_the_same()
    {
        var disk = new VirtualDisk();
        for (var start = 1; start <= 6; start++)
        {
            using (var node = new HandTurnedNode(disk)) node.SetUntilSnapshotsWritten(Group, 1);
            Assert.Equal(Math.Min(start, 2), Indexes(disk, Group).Count);
            disk.Crash();
        }
    }

    [Fact]
    public void A_node_whose_power_is_cut_around_a_snapshot_starts_from_what_is_left()
    {
        // A run without a cut tells where snapshots are written, put in place and deleted, and that some are.
        var trace = new List<VirtualDiskOperation>();
        var rehearsal = new VirtualDisk { Trace = trace };
        using (var node = new HandTurnedNode(rehearsal)) node.SetUntilSnapshotsWritten(Group, 4);
        var cuts = trace.Where(o => o.File.StartsWith("snap-", StringComparison.Ordinal)).SelectMany(o => Enumerable.Range(0, 3).Select(n => o.Number + n)).Distinct().ToArray();
        Assert.Contains(trace, o => o.Kind == VirtualDiskOperationKind.Delete && o.File.StartsWith("snap-", StringComparison.Ordinal));

        foreach (var cut in cuts)
        {
            var disk = new VirtualDisk();
            disk.CutPowerAt(cut);
            var acknowledged = "";
            try
            {
                using var node = new HandTurnedNode(disk);
                node.SetUntilSnapshotsWritten(Group, 4, () => acknowledged = node.LastSet);
            }
            catch (Exception e) when (e is SimulatedPowerCut || e.InnerException is SimulatedPowerCut)
            {
                // As asked.
            }
            disk.Crash((ulong)cut);

            using var again = new HandTurnedNode(disk);
            var found = again.Get(Group);
            // The one that was under way may be there too.
            Assert.True(found == acknowledged || found == HandTurnedNode.After(acknowledged), $"Cut at operation {cut}: '{acknowledged}' was acknowledged, '{found}' is there.");
        }
    }

    private static SnapshotStore Store(VirtualDisk disk) => new(disk, new SnapshotStoreOptions { FillRandom = static span => span.Clear() });

    private static void Take(SnapshotWorker writer, HandTurnedNode node, uint group, ulong index)
    {
        var replica = node.ReplicaOf(group);
        writer.Take(node.Lane, replica, Meta(replica, index), BodyOf(index));
        writer.Turn();
    }

    private static SnapshotMeta Meta(Replica replica, ulong index) => new(new LogIndex(index), new Term(1), replica.Raft.Configuration);

    // Of more than one sector.
    private static ReadOnlyMemory<byte> BodyOf(ulong index) => Enumerable.Repeat((byte)index, 1500).ToArray();

    private static List<ulong> Indexes(VirtualDisk disk, uint group) => [.. disk.List()
        .Select(f => f.Split('-', '.')).Where(p => p[0] == "snap" && p[1] == $"{group}" && p[^1] == "tms").Select(p => ulong.Parse(p[2])).Order()];

    /// <summary>The only member of a cluster, on a small log, whose workers take their turns when told.</summary>
    private sealed class HandTurnedNode : IClock, ITransport, INodeWatch, IDisposable
    {
        private readonly Random _random;
        private readonly Node _node;
        private int _set;

        public HandTurnedNode(VirtualDisk disk)
        {
            // Another one with every start: a router's name must not come again.
            _random = new Random((int)disk.Operations);
            var bootstrap = new Bootstrap
            {
                ClusterId = Guid.Empty,
                Nodes = [new Member(1, "tmnd-1", Guid.Empty, "", "", "")],
                ShardCount = 2,
                ReplicationFactor = 1,
                CreatedAtMs = 0,
            };
            var options = new NodeOptions { Lanes = 1, LogSegmentBytes = 4 << 10, SnapshotThresholdBytes = 8 << 10 };
            _node = new Node(new MemberId(1), bootstrap, options, new LogPlace(disk), this, this, _random.NextBytes, this);
        }

        public Lane Lane => _node.Lanes[0];

        public long MonotonicMs { get; private set; } = 1_000;

        public long WallMs => 1_800_000_000_000 + MonotonicMs;

        public string LastSet => Value(_set);

        public static string After(string value) => Value(value.Length == 0 ? 1 : int.Parse(value.TrimStart('v')) + 1);

        public Replica ReplicaOf(uint group) => Lane.ReplicaOf(group)!;

        public void SetUntilSnapshotsWritten(uint group, int count, Action? afterEach = null)
        {
            var last = ReplicaOf(group).SnapshotIndex;
            for (var sets = 0; count > 0; sets++)
            {
                Assert.True(sets < 5_000, "No snapshot is taken.");
                Set(group, Value(++_set));
                afterEach?.Invoke();
                if (ReplicaOf(group).SnapshotIndex == last) continue;
                last = ReplicaOf(group).SnapshotIndex;
                count--;
            }
        }

        public void Set(uint group, string value)
        {
            var body = new ArrayBufferWriter<byte>();
            KeyOps.Set(body, "key"u8, Encoding.UTF8.GetBytes(value));
            var reply = new ReplyReader(Do(group, CallKind.Write, body.WrittenMemory).Span);
            Assert.Equal(ReplyTag.Ok, reply.Tag);
        }

        public string Get(uint group)
        {
            var body = new ArrayBufferWriter<byte>();
            QueryForms.Get(body, "key"u8);
            var reply = new ReplyReader(Do(group, CallKind.Read, body.WrittenMemory).Span);
            return reply.Tag == ReplyTag.Nil ? "" : Encoding.UTF8.GetString(reply.Bulk());
        }

        public void Send(MemberId to, FrameBuffer frames) => frames.Dispose();

        public void LeaderChanged(uint group, Role role, Term term, MemberId leader)
        {
        }

        public void BadFrame(MemberId from, string problem)
        {
        }

        public void ClockJudged(bool trusted, double offsetMs)
        {
        }

        public void Dispose() => _node.Dispose();

        // As long as one of 40 bytes, so that a log grows.
        private static string Value(int number) => number == 0 ? "" : $"v{number:D40}";

        private ReadOnlyMemory<byte> Do(uint group, CallKind kind, ReadOnlyMemory<byte> body)
        {
            var call = new Call { Group = group, Kind = kind, Body = body, DeadlineMs = MonotonicMs + 5_000 };
            _node.Submit(call);
            while (!call.IsDone) Turn();
            // What the call set off comes to rest.
            while (Turn())
            {
            }
            Assert.Equal(CallOutcome.Answered, call.Outcome);
            return call.Reply;
        }

        private bool Turn()
        {
            MonotonicMs += 1;
            var more = Lane.Turn();
            more |= _node.LogWriter.Turn();
            more |= _node.SnapshotWorker.Turn();
            return more;
        }
    }
}
