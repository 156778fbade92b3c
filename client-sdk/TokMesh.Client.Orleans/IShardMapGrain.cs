namespace TokMesh.Client.Orleans;

/// <summary>
/// The face of the control plane, the Raft group meta: who is in the cluster, where shards are, and what is planned. The grain's key
/// is 0. It holds nothing itself: every change is a proposal to meta, and a second activation is a second front end to the same group.
/// </summary>
[Alias("tokmesh.shard-map")]
public interface IShardMapGrain : IGrainWithIntegerKey
{
    /// <summary>The map.</summary>
    /// <param name="linearizable">
    /// Whether it must be what meta's leader confirms (leaders of shards are a recent observation in any case); otherwise it is what the
    /// answering silo's node has applied.
    /// </param>
    /// <param name="cancel">Gives up waiting.</param>
    /// <exception cref="ShardMapException">Meta could not be asked in time.</exception>
    [Alias("get")]
    Task<ShardMap> Get(bool linearizable = true, CancellationToken cancel = default);

    /// <summary>
    /// The map as it is, then again whenever its version, its members' liveness or a shard's leader has changed. Ends when the silo
    /// stops; who watches calls again and gets the map as it is then.
    /// </summary>
    [Alias("watch")]
    IAsyncEnumerable<ShardMap> Watch(CancellationToken cancel = default);

    /// <summary>
    /// Where Orleans clients may connect now, address:port each: the gateways of the silos that are active. Empty where the cluster keeps its
    /// silos' membership elsewhere than in meta.
    /// </summary>
    [Alias("gateways")]
    Task<string[]> Gateways();

    /// <summary>
    /// Records where a shard's replicas shall be, in place of an earlier plan for it. The shard's leader carries it out, one membership after
    /// another, as soon as no more than <c>cluster.rebalance.parallel</c> earlier ones are under way: nodes that get the shard first learn it, then
    /// they vote, and those that lose it delete what they have. A plan is dropped when it has been carried out.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="voters">Numbers of members, 1 to 7 of them, all different.</param>
    /// <param name="ifVersion">The version the map must have.</param>
    /// <param name="cancel">Gives up waiting; the change may still happen.</param>
    /// <returns>The version the map has then.</returns>
    /// <exception cref="ShardMapException">The plan is not possible, the map has another version, or the outcome is unknown; the code says which.</exception>
    [Alias("plan")]
    Task<ulong> PlanMove(uint shard, uint[] voters, ulong ifVersion, CancellationToken cancel = default);

    /// <summary>Drops the plan for a shard.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="ifVersion">The version the map must have.</param>
    /// <param name="cancel">Gives up waiting; the change may still happen.</param>
    /// <returns>The version the map has then.</returns>
    /// <exception cref="ShardMapException">The map has another version, or the outcome is unknown; the code says which.</exception>
    [Alias("cancel")]
    Task<ulong> CancelMove(uint shard, ulong ifVersion, CancellationToken cancel = default);

    /// <summary>
    /// Leaves a member out of the cluster, for good: its number is never given again. It must hold no shard and have no vote in meta; the
    /// others talk with it no more.
    /// </summary>
    /// <param name="number">Its number.</param>
    /// <param name="ifVersion">The version the map must have.</param>
    /// <param name="cancel">Gives up waiting; the change may still happen.</param>
    /// <returns>The version the map has then.</returns>
    /// <exception cref="ShardMapException">It holds something, is no member, the map has another version, or the outcome is unknown; the code says which.</exception>
    [Alias("remove")]
    Task<ulong> RemoveMember(uint number, ulong ifVersion, CancellationToken cancel = default);
}

/// <summary>The cluster's shape at one time.</summary>
[GenerateSerializer, Immutable, Alias("tokmesh.map")]
public sealed record ShardMap
{
    /// <summary>Name of the cluster.</summary>
    [Id(0)]
    public required Guid ClusterId { get; init; }

    /// <summary>Grows by one with every change of members, of who holds a group, and of plans.</summary>
    [Id(1)]
    public required ulong Version { get; init; }

    /// <summary>Replicas wanted per shard.</summary>
    [Id(2)]
    public required int ReplicationFactor { get; init; }

    /// <summary>All members, by number.</summary>
    [Id(3)]
    public required IReadOnlyList<MapMember> Members { get; init; }

    /// <summary>All shards, by number.</summary>
    [Id(4)]
    public required IReadOnlyList<GroupRoute> Shards { get; init; }

    /// <summary>Meta itself.</summary>
    [Id(6)]
    public required GroupRoute Meta { get; init; }

    /// <summary>Planned moves, by shard.</summary>
    [Id(5)]
    public required IReadOnlyList<MovePlan> Moves { get; init; }
}

/// <summary>One node.</summary>
/// <param name="Number">Its member number.</param>
/// <param name="NodeId">Its id, and its silo's name.</param>
/// <param name="Http">Its HTTP front end, host:port; empty when it has none.</param>
/// <param name="Redis">Its Redis front end, host:port; empty when it has none.</param>
/// <param name="SinceMs">Since when it is a member: Unix time in milliseconds.</param>
/// <param name="Liveness">alive, suspect, dead, or unknown, as the answering node sees it: a hint.</param>
/// <param name="Zone">What fails together with it; empty when that was not said.</param>
/// <param name="State">joining until it has all of meta, then active.</param>
[GenerateSerializer, Immutable, Alias("tokmesh.map-member")]
public sealed record MapMember([property: Id(0)] uint Number, [property: Id(1)] string NodeId, [property: Id(2)] string Http, [property: Id(3)] string Redis,
    [property: Id(4)] long SinceMs, [property: Id(5)] string Liveness, [property: Id(6)] string Zone, [property: Id(7)] string State);

/// <summary>Where a group is.</summary>
/// <param name="Shard">The shard's number; -1 for meta.</param>
/// <param name="Voters">Numbers of the members that vote in it, the one that should lead first.</param>
/// <param name="Learners">Numbers of the members that receive its log without a vote.</param>
/// <param name="Version">Grows whenever who holds the group changes; 0 as the cluster began.</param>
/// <param name="Leader">Number of its leader as the answering node last heard; 0 when it knows none. A hint.</param>
[GenerateSerializer, Immutable, Alias("tokmesh.route")]
public sealed record GroupRoute([property: Id(0)] int Shard, [property: Id(1)] IReadOnlyList<uint> Voters, [property: Id(3)] IReadOnlyList<uint> Learners,
    [property: Id(4)] ulong Version, [property: Id(2)] uint Leader);

/// <summary>Where a shard's replicas shall be.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Voters">Member numbers, ascending.</param>
[GenerateSerializer, Immutable, Alias("tokmesh.move-plan")]
public sealed record MovePlan([property: Id(0)] uint Shard, [property: Id(1)] IReadOnlyList<uint> Voters);

/// <summary>The map could not be read or changed.</summary>
[GenerateSerializer, Alias("tokmesh.map-exception")]
public sealed class ShardMapException : Exception
{
    /// <summary>With a stable code, and what happened and what to do.</summary>
    public ShardMapException(string code, string message)
        : base($"{code}: {message}") => Code = code;

    /// <summary><c>TM-SESS-4091</c>: another version. <c>TM-ARG-1001</c>: not possible. <c>TM-CLST-5040</c>: outcome unknown. Others: nothing happened.</summary>
    [Id(0)]
    public string Code { get; }
}
