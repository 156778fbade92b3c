using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Outputs;
using TokMesh.State.Errors;
using TokMesh.State.Names;

namespace TokMesh.Cluster;

/// <summary>Hears what happens inside a node: for logs and metrics. Called by lanes: it must not block.</summary>
public interface INodeWatch
{
    /// <summary>A replica's role or its leader changed.</summary>
    void LeaderChanged(uint group, Role role, Term term, MemberId leader);

    /// <summary>A node sent something that cannot be read.</summary>
    void BadFrame(MemberId from, string problem);

    /// <summary>This node's clock left, or came back to, the majority's.</summary>
    void ClockJudged(bool trusted, double offsetMs);

    /// <summary>Something is wrong with this node, or with the cluster as it sees it, or is so no more. Called by any thread.</summary>
    void ConditionChanged(Condition condition, bool isRaised)
    {
    }
}

/// <summary>What the lanes of a node share: who it is, its clock, log, transport and map.</summary>
internal sealed class NodeParts
{
    private MetaView _meta;
    private readonly bool[] _led;
    private readonly uint[] _leaders;
    private Lane[] _lanes = [];
    private bool _metaIsCurrent;
    private int[] _handingOver = [];
    private int _handOversToBegin;
    private bool _isLeaving;

    public NodeParts(MemberId self, Genesis genesis)
    {
        Self = self;
        Genesis = genesis;
        Began = ClusterMap.Of(genesis);
        _meta = new MetaView { Map = Began };
        _led = new bool[genesis.ShardCount + 1];
        _leaders = new uint[genesis.ShardCount + 1];
    }

    public MemberId Self { get; }

    public Genesis Genesis { get; }

    /// <summary>The map as the genesis has it.</summary>
    public ClusterMap Began { get; }

    /// <summary>Who is a member and who holds what, as far as this node has heard.</summary>
    public ClusterMap Map => Meta.Map;

    /// <summary>What meta has applied on this node; as the genesis has it before that.</summary>
    public MetaView Meta => Volatile.Read(ref _meta);

    /// <summary>The map has changed.</summary>
    public event Action? MapChanged;

    /// <summary>Orleans' membership table has changed.</summary>
    public event Action? SilosChanged;

    /// <summary>What is known of the leader of some group has changed.</summary>
    public event Action? LeadersChanged;

    public required IClock Clock { get; init; }

    /// <summary>Judges the wall clock.</summary>
    public required ClockGuard Guard { get; init; }

    /// <summary>What is wrong.</summary>
    public required NodeHealth Health { get; init; }

    public required ITransport Transport { get; init; }

    public required LogWriter Log { get; init; }

    public required SnapshotWriter Snapshots { get; init; }

    public required INodeWatch Watch { get; init; }

    public required Func<ulong> NextRandom { get; init; }

    public required RaftOptions Raft { get; init; }

    /// <summary>This start of the node: others are told, so that they know when it has started again.</summary>
    public required NodeStart Start { get; init; }

    /// <summary>What is known of the others' pasts.</summary>
    public required PeerLedger Peers { get; init; }

    /// <summary>Watches the log's disk.</summary>
    public required DiskWatch Disk { get; init; }

    /// <summary>Whether this node is fit to lead: its clock and its disk are to be trusted.</summary>
    public bool MayLead => Guard.IsTrusted && Disk.State == DiskState.Answers;

    /// <summary>Whether this node is about to stop.</summary>
    public bool IsLeaving => Volatile.Read(ref _isLeaving);

    /// <summary>Whether a group led here is on its way to another node, or a lane has yet to begin with it.</summary>
    public bool IsHandingOver => Volatile.Read(ref _handOversToBegin) > 0 || _handingOver.Any(static groups => groups > 0);

    /// <summary>The node is about to stop: every lane begins to hand over, and says so.</summary>
    public void Leave()
    {
        Interlocked.Add(ref _handOversToBegin, _lanes.Length);
        Volatile.Write(ref _isLeaving, true);
    }

    /// <summary>A lane has begun to hand over what it leads; <see cref="HandingOver"/> has been told how much that is.</summary>
    public void HandOverBegun() => Interlocked.Decrement(ref _handOversToBegin);

    /// <summary>So many groups of a lane are on their way to another node.</summary>
    public void HandingOver(int lane, int groups) => Volatile.Write(ref _handingOver[lane], groups);

    /// <summary>Told that the node's disk lacks what one of its groups had acknowledged.</summary>
    public required Action<uint, LogIndex> Forgot { get; init; }

    /// <summary>Sees what replicas do; null but in a simulation.</summary>
    public ReplicaTrace? Trace { get; init; }

    /// <summary>
    /// Whether meta as applied here has caught up with its leader at least once since this node started. Before, what it says about
    /// API keys may be long out of date.
    /// </summary>
    public bool MetaIsCurrent => Volatile.Read(ref _metaIsCurrent);

    /// <summary>
    /// Gives a lane an empty replica of a group that has chosen this node; null when there is no such group. It votes for nobody
    /// before it has the log and finds itself in it.
    /// </summary>
    public required Func<Lane, uint, Replica?> AddReplica { get; init; }

    public int GroupCount => Genesis.ShardCount + 1;

    public IReadOnlyList<Lane> Lanes => _lanes;

    /// <summary>Whether this node led a group a moment ago: any thread may ask, only its lane knows.</summary>
    public bool IsLedHere(uint group) => group < _led.Length && Volatile.Read(ref _led[group]);

    public int GroupsLed => _led.Count(static led => led);

    public void LeadershipOf(uint group, bool isHere) => Volatile.Write(ref _led[group], isHere);

    /// <summary>Whom this node's replica of a group last followed, itself included; none where it has no replica.</summary>
    public MemberId LeaderOf(uint group) => new(group < _leaders.Length ? Volatile.Read(ref _leaders[group]) : 0);

    public void LeaderIs(uint group, MemberId leader)
    {
        if (Interlocked.Exchange(ref _leaders[group], leader.Value) != leader.Value) LeadersChanged?.Invoke();
    }

    public void SetLanes(Lane[] lanes) => (_lanes, _handingOver) = (lanes, new int[lanes.Length]);

    public int LaneOf(uint group) => (int)(group % (uint)_lanes.Length);

    /// <summary>Whom the group began with.</summary>
    public Configuration BeganWith(uint group) =>
        Configuration.Of(Began.Groups[(int)group].Voters.Select(v => new MemberId(v)), Began.Groups[(int)group].Learners.Select(l => new MemberId(l)));

    /// <summary>Meta has applied something.</summary>
    public void Publish(MetaView view)
    {
        var before = Interlocked.Exchange(ref _meta, view);
        if (!ReferenceEquals(before.Map, view.Map)) MapChanged?.Invoke();
        if (!ReferenceEquals(before.Silos, view.Silos)) SilosChanged?.Invoke();
    }

    /// <summary>This node has caught up with meta since its start: what it has applied may be gone by.</summary>
    public void MetaHasCaughtUp()
    {
        Volatile.Write(ref _metaIsCurrent, true);
        // Who looked until now was shown nothing.
        SilosChanged?.Invoke();
    }

    /// <summary>The group of a name's own shard. A token's hash does not tell it; its reservation does (<see cref="Reservations"/>).</summary>
    public uint GroupOf(Name name, UInt128 reservation) => name.Kind == NameKind.Token
        ? Reservations.TokenShard(reservation).Group
        : Sharding.OfName(name.SessionId.ToString(), Genesis.ShardCount).Group;

    public uint GroupOfUser(ReadOnlySpan<byte> userId) => Sharding.OfName(userId, Genesis.ShardCount).Group;

    public void Submit(Call call)
    {
        call.Router = this;
        if (!_lanes[LaneOf(call.Group)].TrySubmit(call)) call.Fail(CallOutcome.Failed, ErrorCode.SysTooManyRequests);
    }
}
