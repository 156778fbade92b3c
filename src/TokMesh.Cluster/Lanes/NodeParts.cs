using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Disks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Placement;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.State.Errors;
using TokMesh.State.Names;

namespace TokMesh.Cluster.Lanes;

/// <summary>What the lanes of a node share: who it is, its clock, log, transport and map, and each other.</summary>
internal sealed class NodeParts : ICallRouter
{
    private Lane[] _lanes = [];

    /// <param name="self">The node.</param>
    /// <param name="bootstrap">How its cluster began.</param>
    /// <param name="lanes">How many lanes there will be.</param>
    public NodeParts(MemberId self, Bootstrap bootstrap, int lanes)
    {
        Self = self;
        Bootstrap = bootstrap;
        Began = ClusterMap.Of(bootstrap);
        Meta = new AppliedMeta(Began);
        Leaders = new LeaderTable(self, GroupCount);
        Departure = new Departure(lanes);
        Loads = new LeaderLoads(lanes, Leaders);
    }

    public MemberId Self { get; }

    public Bootstrap Bootstrap { get; }

    /// <summary>The map as the bootstrap has it.</summary>
    public ClusterMap Began { get; }

    public AppliedMeta Meta { get; }

    public LeaderTable Leaders { get; }

    public Departure Departure { get; }

    public LeaderLoads Loads { get; }

    public required IClock Clock { get; init; }

    /// <summary>Judges the wall clock.</summary>
    public required ClockGuard Guard { get; init; }

    /// <summary>What is wrong.</summary>
    public required NodeHealth Health { get; init; }

    public required ITransport Transport { get; init; }

    public required LogWriter Log { get; init; }

    public required SnapshotWorker Snapshots { get; init; }

    public required INodeWatch Watch { get; init; }

    public required Func<ulong> NextRandom { get; init; }

    public required RaftOptions Raft { get; init; }

    /// <summary>How many shards may move at a time.</summary>
    public required int MovesAtOnce { get; init; }

    /// <summary>Whether this node gives groups it leads to nodes that lead fewer.</summary>
    public required bool BalancesLeaders { get; init; }

    /// <summary>This start of the node: others are told, so that they know when it has started again.</summary>
    public required NodeStart Start { get; init; }

    /// <summary>What is known of the others' pasts.</summary>
    public required PeerLedger Peers { get; init; }

    /// <summary>Watches the log's disk.</summary>
    public required DiskWatch Disk { get; init; }

    /// <summary>Told that the node's disk lacks what one of its groups had acknowledged.</summary>
    public required Action<uint, LogIndex> Forgot { get; init; }

    /// <summary>Sees what replicas do; null but in a simulation.</summary>
    public ReplicaTrace? Trace { get; init; }

    /// <summary>
    /// Gives a lane an empty replica of a group that has chosen this node; null when there is no such group. It votes for nobody
    /// before it has the log and finds itself in it.
    /// </summary>
    public required Func<Lane, uint, Replica?> AddReplica { get; init; }

    /// <summary>Whether this node is fit to lead: its clock and its disk are to be trusted.</summary>
    public bool MayLead => Guard.IsTrusted && Disk.State == DiskState.Answers;

    public int GroupCount => Bootstrap.ShardCount + 1;

    public void SetLanes(Lane[] made) => _lanes = made;

    public int LaneOf(uint group) => (int)(group % (uint)_lanes.Length);

    /// <summary>Whom the group began with.</summary>
    public Configuration BeganWith(uint group) =>
        Configuration.Of(Began.Groups[(int)group].Voters.Select(v => new MemberId(v)), Began.Groups[(int)group].Learners.Select(l => new MemberId(l)));

    /// <summary>The group of a name's own shard. A token's hash does not tell it; its reservation does (<see cref="Reservations"/>).</summary>
    public uint GroupOf(Name name, UInt128 reservation) => name.Kind == NameKind.Token
        ? Reservations.TokenShard(reservation).Group
        : Sharding.OfName(name.SessionId.ToString(), Bootstrap.ShardCount).Group;

    public uint GroupOfUser(ReadOnlySpan<byte> userId) => Sharding.OfName(userId, Bootstrap.ShardCount).Group;

    public void Submit(Call call)
    {
        call.Router = this;
        if (!_lanes[LaneOf(call.Group)].TrySubmit(call)) call.Fail(CallOutcome.Failed, ErrorCode.SysTooManyRequests);
    }
}
