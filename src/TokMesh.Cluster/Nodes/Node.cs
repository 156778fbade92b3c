using System.Buffers;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Disks;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Lanes;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.States;
using TokMesh.Cluster.Transport;
using TokMesh.Log;
using TokMesh.Log.Format;
using TokMesh.Log.Recovery;
using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;
using TokMesh.Raft;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Transfer;
using TokMesh.State;

namespace TokMesh.Cluster.Nodes;

/// <summary>
/// A member of a cluster: its log, its lanes with their groups, and the way to every other group. It has no thread of its own;
/// <see cref="NodeThreads"/> or a simulation calls the turns of its workers.
/// </summary>
public sealed partial class Node : IDisposable
{
    /// <summary>Longer than anybody pauses between two attempts to be let in.</summary>
    private const long RefusedForMs = 3_000;

    private readonly NodeParts _parts;
    private readonly WriteAheadLog _log;
    private readonly Lane[] _lanes;
    private readonly RefusalWatch _refusals = new();

    /// <summary>Opens the log, recovers every group this node carries, and is ready for turns.</summary>
    /// <param name="self">This node's member number.</param>
    /// <param name="bootstrap">How the cluster began.</param>
    /// <param name="options">Timings and bounds.</param>
    /// <param name="log">Where the log is.</param>
    /// <param name="clock">Time.</param>
    /// <param name="transport">The way to other nodes.</param>
    /// <param name="fillRandom">Randomness: nonces, router names, election jitter.</param>
    /// <param name="watch">Hears what happens.</param>
    /// <exception cref="LogDamagedException">The log cannot be trusted; nothing was changed.</exception>
    /// <exception cref="LogForgottenException">The log is missing, or older than its directory; nothing was changed.</exception>
    public Node(MemberId self, Bootstrap bootstrap, NodeOptions options, LogPlace log, IClock clock, ITransport transport,
        Action<Span<byte>> fillRandom, INodeWatch watch)
        : this(self, bootstrap, options, log, clock, transport, fillRandom, watch, null)
    {
    }

    internal Node(MemberId self, Bootstrap bootstrap, NodeOptions options, LogPlace log, IClock clock, ITransport transport,
        Action<Span<byte>> fillRandom, INodeWatch watch, ReplicaTrace? trace)
    {
        options.Raft.Validate();
        Self = self;
        Bootstrap = bootstrap;
        _log = WriteAheadLog.Open(log.Disk, new WriteAheadLogOptions
        {
            Key = log.Key,
            FillRandom = fillRandom,
            SegmentBytes = options.LogSegmentBytes,
        }, out var recovery, log.Check);
        Recovery = recovery;
        Past = BeginStart(log, recovery, fillRandom);
        var snapshots = new SnapshotStore(log.Disk, new SnapshotStoreOptions { Key = log.Key, FillRandom = fillRandom });
        Clock = new ClockGuard(options.MaxClockOffsetMs, clock, bootstrap.Nodes.Count(n => n.Number != self.Value), watch.ClockJudged);
        Time = new JudgedClock(clock, Clock);
        Disk = new DiskWatch(options.Raft.ElectionTimeoutMs, () => Health!.Round(clock.MonotonicMs));
        Health = new NodeHealth(self, bootstrap.ShardCount + 1, OtherMembers, () => _parts!.Meta.IsCurrent, Clock, Disk, Time, Past.Current.Nonce, watch);
        var writer = new LogWriter(_log, log, Past.Current.Number, Disk, clock, options.SnapshotThresholdBytes);
        _parts = new NodeParts(self, bootstrap, options.Lanes)
        {
            Clock = clock,
            Guard = Clock,
            Health = Health,
            Transport = transport,
            Log = writer,
            Disk = Disk,
            Start = Past.Current,
            Peers = new PeerLedger(recovery, options.Raft.ElectionTimeoutMs, clock.MonotonicMs, (number, note, done) => writer.Note(number, note, done)),
            Forgot = (group, index) => _refusals.Refuse(new HelloRefusal(Codes.Forgot, $"This node's disk lacks entry {index} of group {group}, which it had acknowledged: its data directory was put back from an older copy. Put back the one it last ran with.", true)),
            Snapshots = new SnapshotWorker(snapshots),
            Watch = watch,
            NextRandom = () => NextRandom(fillRandom),
            Raft = options.Raft,
            MovesAtOnce = options.MovesAtOnce,
            BalancesLeaders = options.BalancesLeaders,
            Trace = trace,
            AddReplica = (lane, group) => AddReplica(lane, group, options.Raft),
        };
        _lanes = [.. Enumerable.Range(0, options.Lanes).Select(n => new Lane(_parts, n))];
        _parts.SetLanes(_lanes);
        _parts.Log.PressureFrom = groups =>
        {
            foreach (var lane in _lanes) lane.Post(new LaneItem.SnapshotsWanted([.. groups.Where(g => _parts.LaneOf(g) == lane.Number)]));
        };
        Recover(recovery, snapshots, options.Raft, clock.MonotonicMs);
    }

    /// <summary>This node's member number.</summary>
    public MemberId Self { get; }

    /// <summary>How the cluster began.</summary>
    public Bootstrap Bootstrap { get; }

    /// <summary>Who is a member and who holds what, as far as this node has heard: as the bootstrap has it until then. A hint.</summary>
    public ClusterMap Map => _parts.Meta.Map;

    /// <summary>What the log held when it was opened.</summary>
    public LogRecovery Recovery { get; }

    /// <summary>Judges this node's clock.</summary>
    public ClockGuard Clock { get; }

    /// <summary>What is wrong with this node and, as far as it hears, with the cluster.</summary>
    public NodeHealth Health { get; }

    /// <summary>The time to go by: this node's own clock while it is trusted, else what the majority's should show.</summary>
    public IClock Time { get; }

    /// <summary>What meta has applied on this node; null while that may be long out of date, just after a start.</summary>
    public MetaView? Meta => _parts.Meta.IsCurrent ? _parts.Meta.View : null;

    /// <summary>The log as it was at its last housekeeping.</summary>
    public LogStatus LogStatus => _parts.Log.Status;

    /// <summary>Writes to disk that committed work of all groups together.</summary>
    public long LogFlushes => _parts.Log.Flushes;

    /// <summary>Whether something was handed to the log and is not durable yet.</summary>
    public bool HasUnwritten => Disk.WaitingBytes > 0;

    /// <summary>Monotonic time in milliseconds, for deadlines of calls.</summary>
    public long NowMs => _parts.Clock.MonotonicMs;

    internal IReadOnlyList<Lane> Lanes => _lanes;

    internal PeerLedger Peers => _parts.Peers;

    internal LogWriter LogWriter => _parts.Log;

    internal SnapshotWorker SnapshotWorker => _parts.Snapshots;

    /// <summary>Starts a call; it ends through its owner. When too much waits it fails at once.</summary>
    public void Submit(Call call) => _parts.Submit(call);

    /// <summary>Frames from another node, in the order it sent them; copied before this returns.</summary>
    /// <param name="from">Who.</param>
    /// <param name="start">The start of it that the link was admitted for.</param>
    /// <param name="frames">What it sent.</param>
    /// <exception cref="FormatException">The bytes are not frames: the link should be closed.</exception>
    /// <returns>False when the frames are of a start of that node that is not talked with any more: the link should be closed.</returns>
    public bool Receive(MemberId from, NodeStart start, ReadOnlySpan<byte> frames)
    {
        if (!_parts.Peers.Hear(from, start, NowMs)) return false;
        Receive(from, frames);
        return true;
    }

    private void Receive(MemberId from, ReadOnlySpan<byte> frames)
    {
        if (_lanes.Length == 1)
        {
            var copy = FrameBuffer.Rent();
            copy.Write(frames);
            _lanes[0].Post(new LaneItem.Received(from, copy));
            return;
        }
        var perLane = new FrameBuffer?[_lanes.Length];
        while (FrameBuffer.TryRead(ref frames, out var kind, out var group, out var body, out var whole))
        {
            if (kind == FrameKind.Position) _parts.Peers.Told(from, Varint.Read(ref body));
            else if (kind != FrameKind.Heartbeats) (perLane[_parts.LaneOf(group)] ??= FrameBuffer.Rent()).Write(whole);
            else for (var i = 0; i < perLane.Length; i++) (perLane[i] ??= FrameBuffer.Rent()).Write(whole);
        }
        for (var i = 0; i < perLane.Length; i++)
            if (perLane[i] is { } part) _lanes[i].Post(new LaneItem.Received(from, part));
    }

    /// <summary>A link came up or went down.</summary>
    public void LinkChanged(MemberId node, bool up)
    {
        _refusals.LinkChanged(node, up);
        if (up) Health.Clear(HealthCode.MemberRefused);
        foreach (var lane in _lanes) lane.Post(new LaneItem.Linked(node, up));
    }

    /// <summary>
    /// Other nodes' clocks have been measured: a node whose own is off the majority's does not lead. To be called again and again,
    /// also when nobody could be measured: a node that has never been judged does not lead either.
    /// </summary>
    /// <param name="offsetsMs">The clock of each node that could be measured minus this one's, in milliseconds.</param>
    public void JudgeClock(IReadOnlyList<double> offsetsMs) => Clock.Judge(offsetsMs);

    /// <summary>Watches the disk of this node's log.</summary>
    public DiskWatch Disk { get; }

    /// <summary>What this node says of its past when it introduces itself to another.</summary>
    public NodePast Past { get; }

    /// <summary>Told, once, that this node must stop: what others know of its past shows that its disk has forgotten.</summary>
    public Action<NodeRefusedException> Refused { set => _refusals.Refused = value; }

    /// <summary>
    /// Judges another node by its past before it is linked with (<see cref="PastJudge"/>). <paramref name="done"/> is told null when it may
    /// take part; on any thread, perhaps after a write to the disk.
    /// </summary>
    public void Admit(MemberId member, string nodeId, NodePast past, Action<HelloRefusal?> done) => _parts.Peers.Admit(member, nodeId, past, NowMs, refusal =>
    {
        if (refusal is null)
        {
            Health.Clear(HealthCode.MemberRefused, member);
            Health.Clear(HealthCode.AcknowledgedLost, member);
            foreach (var lane in _lanes) lane.Post(new LaneItem.Run(l => l.Readmit(member)));
        }
        else
        {
            // Until the right one is let in. Where that runs already, it was another process, which will not come in its place.
            var isMissed = refusal.IsFinal && !_parts.Peers.IsHeard(member, NowMs);
            Health.Raise(HealthCode.MemberRefused, member, detail: refusal.Code, forMs: isMissed ? null : RefusedForMs);
        }
        done(refusal);
    });

    /// <summary>The same, after <see cref="HelloJudge"/> has let the hello pass. Null when the other end may take part.</summary>
    /// <param name="member">Whose place the other takes.</param>
    /// <param name="hello">What it said.</param>
    public Task<HelloRefusal?> AdmitAsync(MemberId member, Hello hello)
    {
        if (hello.Past is not { } past) return Task.FromResult<HelloRefusal?>(HelloJudge.Starting(hello.Self.NodeId));
        var judged = new TaskCompletionSource<HelloRefusal?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Admit(member, hello.Self.NodeId, past, judged.SetResult);
        return judged.Task;
    }

    /// <summary>
    /// Another node has refused this one. If that is about its past, this node must stop: at once when it is final, and when another
    /// process runs in its place, after a while in which that could have been its own former run.
    /// </summary>
    public void RefusedBy(HelloRefusal refusal)
    {
        if (PastJudge.IsAboutThePast(refusal)) Health.Raise(HealthCode.MemberRefused, detail: refusal.Code, forMs: refusal.IsFinal ? null : RefusedForMs);
        _refusals.RefusedBy(refusal, NowMs);
    }

    /// <summary>The node id of a member; null when this node knows none with that number.</summary>
    public string? NodeIdOf(MemberId member) => Map.MemberOf(member)?.NodeId;

    /// <summary><see cref="Map"/> has changed. Raised by a lane, which must not be held up.</summary>
    public event Action MapChanged { add => _parts.Meta.MapChanged += value; remove => _parts.Meta.MapChanged -= value; }

    /// <summary>Orleans' membership table, in <see cref="Meta"/>, has changed. Raised by a lane, which must not be held up.</summary>
    public event Action SilosChanged { add => _parts.Meta.SilosChanged += value; remove => _parts.Meta.SilosChanged -= value; }

    /// <summary>What <see cref="LeaderOf"/> says of some group has changed. Raised by a lane, which must not be held up.</summary>
    public event Action LeadersChanged { add => _parts.Leaders.Changed += value; remove => _parts.Leaders.Changed -= value; }

    /// <summary>
    /// Begins to hand every group this node leads to the best of the nodes it is linked to, so that a node that stops leaves no group without a
    /// leader, and tells the others not to hand it theirs. <see cref="IsHandingOver"/> tells how far that is. What nobody can take stays.
    /// </summary>
    /// <param name="isLast">Whether the node ends next: then even others that are about to stop are given what nobody else can take.</param>
    public void HandOver(bool isLast)
    {
        _parts.Departure.Leave();
        foreach (var lane in _lanes) lane.Post(new LaneItem.Run(l => l.HandOver(isLast)));
    }

    /// <summary>
    /// Asks a group that this node leads for another membership (see <see cref="RaftGroup.Change"/>). Nodes that become members need
    /// nothing but a link: they start an empty replica when the leader first speaks to them. One that is left out keeps what it has,
    /// so that it can be taken back without having forgotten its votes, unless the group has followed a planned move: then it deletes that.
    /// </summary>
    /// <param name="group">0 is meta, shard s is group s + 1.</param>
    /// <param name="target">Whom to end up with.</param>
    /// <param name="done">Told by the lane, with the reason of a refusal: <see cref="ChangeStatus.Accepted"/> says that it is in the
    /// leader's log, and no more.</param>
    public void ChangeMembers(uint group, Configuration target, Action<ChangeStatus, string> done)
    {
        _lanes[_parts.LaneOf(group)].Post(new LaneItem.Run(lane => done(lane.Change(group, target with { Generation = lane.ReplicaOf(group)?.Raft.Configuration.Generation ?? 0 }, out var reason), reason)));
    }

    /// <summary>Begins to hand a group that this node leads to another voter (see <see cref="RaftGroup.Transfer"/>).</summary>
    /// <param name="group">0 is meta, shard s is group s + 1.</param>
    /// <param name="to">Whom to hand it to.</param>
    /// <param name="done">Told by the lane: <see cref="TransferStatus.Started"/> says no more than that.</param>
    public void Transfer(uint group, MemberId to, Action<TransferStatus> done) =>
        _lanes[_parts.LaneOf(group)].Post(new LaneItem.Run(lane => done(lane.Transfer(group, to))));

    /// <inheritdoc/>
    public void Dispose() => _log.Dispose();

    private IEnumerable<uint> OtherMembers() => Map.Members.Select(n => n.Number).Where(n => n != Self.Value);

    private static ulong NextRandom(Action<Span<byte>> fill)
    {
        Span<byte> bytes = stackalloc byte[8];
        fill(bytes);
        return BitConverter.ToUInt64(bytes);
    }
}
