using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Routing;
using TokMesh.Cluster.Transport;
using TokMesh.Log.Writing;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Snapshots;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// One worker of a node and the groups that belong to it: their replicas, and the routes of this node's callers to them. A plain
/// object without thread, timer or task: somebody calls <see cref="Turn"/> when something has arrived or <see cref="NextTurnMs"/>
/// has come. One turn takes all that has arrived, steps the groups it concerns, hands everything that must be durable to the log
/// in one batch, and everything that must travel to each node in one buffer.
/// </summary>
internal sealed partial class Lane : IReplicaHost, IRouteHost
{
    private const int MaxQueuedItems = 200_000;
    private const int TickMs = 10;

    /// <summary>While every group is quiescent.</summary>
    private const int IdleTickMs = 50;

    /// <summary>So long does a batch wait for this node's own disk.</summary>
    private const int MaxDiskWaitMs = 50;

    private readonly Inbox<LaneItem> _inbox = new();
    private readonly NodeParts _node;
    private readonly Dictionary<uint, Replica> _replicas = [];
    private readonly Dictionary<uint, Route> _routes = [];
    private readonly Dictionary<MemberId, FrameBuffer> _frames = [];
    private readonly HashSet<MemberId> _linked = [];
    private readonly Stack<LogWork> _spareWork = [];
    private List<Replica> _listed = [];
    private List<Replica> _stepping = [];
    private readonly ProposalBatches _batches = new();
    private readonly Queue<LogWork> _workUnderWay = new();
    private readonly Action<LogWork> _durable;
    private List<Route> _routesWithWork = [];
    private List<Route> _routesToPump = [];
    private readonly LaneCheckup _checkup;
    private LogWork _work;
    private long _nextTick;

    public Lane(NodeParts node, int number)
    {
        _node = node;
        Origin = ((ulong)node.Self.Value << 48) | (node.NextRandom() & 0xffff_ffff_ffff);
        Number = number;
        _durable = work => Post(new LaneItem.Durable(work));
        _work = new LogWork(_durable);
        LeaderMaintenance = new LeaderMaintenance(this);
        Removals = new ReplicaRemoval(this);
        Heartbeats = new HeartbeatCoalescer(this, node.Raft, node.Start);
        _checkup = new LaneCheckup(this);
        _mayLead = node.MayLead;
        SampleTime();
    }

    public int Number { get; }

    public MemberId Self => _node.Self;

    /// <summary>Names this lane's routers to the groups: node in the upper 16 bits, a random number of this boot below.</summary>
    public ulong Origin { get; }

    /// <summary>Monotonic time of this turn, sampled after everything it handles had arrived.</summary>
    public long NowMs { get; private set; }

    /// <summary>Wall time of this turn: what stamps entries and tells what has expired, if it is to be trusted.</summary>
    public WallTime Wall { get; private set; }

    public LogBatch Log => _work.Records;

    public LeaderMaintenance LeaderMaintenance { get; }

    public ReplicaRemoval Removals { get; }

    public HeartbeatCoalescer Heartbeats { get; }

    public Action Wake { set => _inbox.Wake = value; }

    /// <summary>When a turn is due even if nothing arrives; monotonic milliseconds.</summary>
    public long NextTurnMs => _nextTick;

    public IReadOnlyCollection<Replica> Replicas => _replicas.Values;

    public NodeParts Node => _node;

    public ClusterMap Map => _node.Meta.Map;

    public ReplicaTrace? Trace => _node.Trace;

    public void Post(LaneItem item) => _inbox.Add(item);

    /// <summary>False when too much waits: nothing happened.</summary>
    public bool TrySubmit(Call call) => _inbox.TryAdd(new LaneItem.Submitted(call), MaxQueuedItems,
        mayWait: call.Kind == CallKind.Write && _node.Leaders.IsHere(call.Group));

    public bool IsLinked(MemberId node) => node == Self || _linked.Contains(node);

    /// <summary>Does all that can be done now. True when there is more and it should be called again at once.</summary>
    public bool Turn()
    {
        var items = _inbox.Take();
        // Only now: a read taken out of the inbox must not be judged by a lease clock older than the read itself.
        SampleTime();
        foreach (var item in items) Handle(item);
        if (NowMs >= _nextTick) Tick();
        PumpRoutes();
        if (MayBeginBatch) _batches.Begin(this);
        StepGroups();
        // Stepping can answer or redirect this node's own calls; what that opens leaves in this turn too.
        PumpRoutes();
        if (Number == 0) _node.Peers.Store(_work.Records, NowMs);
        if (!_work.Records.IsEmpty || _work.Writes.Count > 0)
        {
            _work.SubmittedAtMs = NowMs;
            _workUnderWay.Enqueue(_work);
            _node.Log.Submit(_work);
            _work = _spareWork.TryPop(out var spare) ? spare : new LogWork(_durable);
        }
        Heartbeats.Send();
        foreach (var (node, frames) in _frames) _node.Transport.Send(node, frames);
        _frames.Clear();
        if (_node.Departure.IsLeaving) TellHandedOver();
        // A write that would only be gathered need not wake this lane before the batch it waits for is over.
        _inbox.OwnerComes(_batches.IsUnderWay(NowMs));
        return _listed.Count > 0 || !_inbox.IsEmpty || MayBeginBatch;
    }

    /// <summary>
    /// While a batch is being synced no other could be: what arrives meanwhile is gathered too. Not for long: with a majority of quicker
    /// disks entries commit without this one.
    /// </summary>
    private bool MayBeginBatch =>
        (!_workUnderWay.TryPeek(out var oldest) || NowMs - oldest.SubmittedAtMs >= MaxDiskWaitMs) && _batches.IsDue(NowMs);

    /// <summary>The buffer of this turn for a node; callers append whole frames.</summary>
    public FrameBuffer FramesTo(MemberId node)
    {
        if (_frames.TryGetValue(node, out var frames)) return frames;
        frames = _frames[node] = FrameBuffer.Rent();
        Heartbeats.TellPosition(node, frames);
        return frames;
    }

    public void HasWork(Replica replica)
    {
        _nextTick = Math.Min(_nextTick, NowMs + TickMs);
        if (replica.IsListed || replica.IsRemoved) return;
        replica.IsListed = true;
        _listed.Add(replica);
    }

    /// <summary>Somebody needs a group that may be quiescent.</summary>
    public void WakeUp(Replica replica)
    {
        replica.Raft.Wake(NowMs);
        HasWork(replica);
    }

    public void Gathers(Replica replica) => _batches.Add(replica);

    public void RouteHasWork(Route route)
    {
        _nextTick = Math.Min(_nextTick, NowMs + TickMs);
        if (route.IsListed) return;
        route.IsListed = true;
        _routesWithWork.Add(route);
    }

    public void AcknowledgeWhenDurable(Replica replica, ulong seq) => _work.Writes.Add((replica, seq));

    /// <summary>What a node has answered may not have come here: it is asked again.</summary>
    public void AnswersLost(MemberId node)
    {
        foreach (var route in _routes.Values) route.OnAnswersLost(node);
    }

    /// <summary>A call that starts on this lane, for a group of any lane.</summary>
    public void Submit(Call call)
    {
        if (_node.LaneOf(call.Group) == Number) RouteOf(call.Group).Submit(call);
        else _node.Submit(call);
    }

    private Route RouteOf(uint group) =>
        _routes.TryGetValue(group, out var route) ? route : _routes[group] = new Route(this, group);

    private void SampleTime()
    {
        NowMs = _node.Clock.MonotonicMs;
        Wall = _node.Guard.At(NowMs, _node.Clock.WallMs);
    }

    private void Handle(LaneItem item)
    {
        switch (item)
        {
            case LaneItem.Submitted(var call):
                RouteOf(call.Group).Submit(call);
                break;
            case LaneItem.Received(var from, var frames):
                Receive(from, frames.Written);
                frames.Dispose();
                break;
            case LaneItem.Durable(var work):
                foreach (var (replica, seq) in work.Writes)
                {
                    if (replica.IsRemoved) continue;
                    _node.Trace?.Persisted(replica, seq);
                    replica.Raft.Persisted(seq);
                    HasWork(replica);
                }
                foreach (var group in work.Removed) _node.Snapshots.Delete(this, group);
                work.Clear();
                // They become durable in the order in which they were handed over.
                _workUnderWay.Dequeue();
                _spareWork.Push(work);
                break;
            case LaneItem.SnapshotTaken(var replica, var index, var term):
                if (replica.IsRemoved) break;
                replica.SnapshotUnderWay = false;
                // One received from a leader meanwhile may be newer.
                if (index <= replica.SnapshotIndex) break;
                replica.SnapshotIndex = index;
                _work.Records.AppendMark(replica.Group, index, term);
                break;
            case LaneItem.SnapshotStored(var replica, var meta, var data):
                if (!replica.IsRemoved) replica.Installed(meta, data);
                break;
            case LaneItem.SnapshotsDeleted(var group):
                Removals.Deleted(group);
                break;
            case LaneItem.SnapshotsWanted(var groups):
                foreach (var group in groups) if (ReplicaOf(group) is { } replica) TakeSnapshot(replica);
                break;
            case LaneItem.Linked(var node, var up):
                if (up)
                {
                    _linked.Add(node);
                    CampaignWhereNew();
                }
                else
                {
                    _linked.Remove(node);
                    foreach (var route in _routes.Values) route.OnLinkDown(node);
                }
                Heartbeats.Linked(node, up);
                break;
            case LaneItem.Run(var action):
                action(this);
                break;
        }
    }

    private void Tick()
    {
        _nextTick = NowMs + IdleTickMs;
        _node.Disk.Look(NowMs);
        if (_mayLead != _node.MayLead) LeadingChanged();
        foreach (var replica in _replicas.Values)
        {
            replica.Raft.Tick(NowMs);
            if (replica.Raft.IsQuiescent) continue;
            _nextTick = NowMs + TickMs;
            if (replica.Raft.HasWork) HasWork(replica);
        }
        foreach (var route in _routes.Values)
        {
            if (route.IsIdle) continue;
            _nextTick = NowMs + TickMs;
            route.Tick();
        }
        LeaderMaintenance.Tick();
        Removals.Tick();
        Heartbeats.Tick(NowMs);
        _checkup.Tick();
        _nextTick = Math.Min(_nextTick, Heartbeats.NextBeatMs);
    }

    private void PumpRoutes()
    {
        while (_routesWithWork.Count > 0)
        {
            (_routesToPump, _routesWithWork) = (_routesWithWork, _routesToPump);
            foreach (var route in _routesToPump)
            {
                route.IsListed = false;
                route.Pump();
            }
            _routesToPump.Clear();
        }
    }

    private void StepGroups()
    {
        (_stepping, _listed) = (_listed, _stepping);
        foreach (var replica in _stepping)
        {
            replica.IsListed = false;
            if (replica.Step()) HasWork(replica);
        }
        _stepping.Clear();
    }
}
