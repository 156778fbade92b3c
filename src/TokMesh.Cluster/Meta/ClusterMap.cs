using System.Text.Json.Serialization;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;

namespace TokMesh.Cluster.Meta;

/// <summary>
/// The cluster's shape as meta holds it: who its members are, and who holds which group. It begins as the bootstrap says; every change
/// makes a new version.
/// </summary>
public sealed record ClusterMap
{
    /// <summary>A map of nothing.</summary>
    public static readonly ClusterMap Empty = new();

    /// <summary>Grows by one with every change; 0 as the bootstrap has it.</summary>
    public ulong Version { get; init; }

    /// <summary>The number that the next new member gets. Numbers are never used again.</summary>
    public uint NextNumber { get; init; }

    /// <summary>All members, by number.</summary>
    public IReadOnlyList<Member> Members { get; init; } = [];

    /// <summary>Who holds each group, by its number: meta is 0, shard s is s + 1.</summary>
    public IReadOnlyList<GroupPlace> Groups { get; init; } = [];

    /// <summary>Planned moves, one for a shard at the most; those planned first are first.</summary>
    public IReadOnlyList<PlannedMove> Moves { get; init; } = [];

    /// <summary>What a former release noted of nodes that came later. Kept, since it counted as changes of the map, and otherwise not looked at.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Member>? Guests { get; init; }

    /// <summary>The map that a cluster begins with.</summary>
    public static ClusterMap Of(Bootstrap bootstrap) => new()
    {
        NextNumber = (uint)bootstrap.Nodes.Count + 1,
        Members = [.. bootstrap.Nodes.Select(n => n with { SinceMs = bootstrap.CreatedAtMs })],
        Groups = [GroupPlace.Of(bootstrap.MetaConfiguration, 0), .. bootstrap.PlaceShards().Select(static replicas => new GroupPlace([.. replicas.Select(r => r.Value)], [], 0))],
    };

    /// <summary>The member with a number; null when there is none.</summary>
    public Member? MemberOf(MemberId number) => Members.FirstOrDefault(m => m.Number == number.Value);

    /// <summary>Who may know the leader of a group, the likeliest first: a map may be behind.</summary>
    public IReadOnlyList<MemberId> LikelyReplicas(uint group)
    {
        var place = Groups[(int)group];
        return [.. place.Voters.Concat(place.Learners).Concat(Members.Select(m => m.Number)).Distinct().Select(n => new MemberId(n))];
    }

    /// <summary>The move of a shard that may be made now; null when there is none, or others come first.</summary>
    /// <param name="group">The shard's group.</param>
    /// <param name="atOnce">How many may be made at a time.</param>
    public PlannedMove? OpenMoveOf(uint group, int atOnce)
    {
        foreach (var move in Moves)
        {
            if (move.Id == 0) continue;
            if (atOnce-- <= 0) break;
            if (move.Group == group) return move;
        }
        return null;
    }

    /// <summary>Whether a member holds a group, or is going to.</summary>
    public bool Wants(uint group, MemberId number) =>
        Groups[(int)group].Contains(number.Value) || Moves.Any(m => m.Group == group && m.Voters.Contains(number.Value));

    /// <summary>How many shards a member holds a replica of.</summary>
    public int CountShardsOf(MemberId number) => Groups.Skip(1).Count(g => g.Contains(number.Value));

    /// <inheritdoc/>
    public bool Equals(ClusterMap? other) => other is not null && Version == other.Version && NextNumber == other.NextNumber
        && Members.SequenceEqual(other.Members) && Groups.SequenceEqual(other.Groups) && Moves.SequenceEqual(other.Moves)
        && (Guests ?? []).SequenceEqual(other.Guests ?? []);

    /// <inheritdoc/>
    public override int GetHashCode() => Version.GetHashCode();
}

/// <summary>Who holds a group, as its leader told meta when that was committed.</summary>
/// <param name="Voters">Numbers of the members that vote; the one that should lead first.</param>
/// <param name="Learners">Numbers of the members that receive the log without a vote, ascending.</param>
/// <param name="Version">Where the group's own log says so: later memberships stand at higher positions. 0 as the bootstrap has it.</param>
public sealed record GroupPlace(IReadOnlyList<uint> Voters, IReadOnlyList<uint> Learners, ulong Version)
{
    /// <summary>Term of the leader that told it, which had committed in that term.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Term { get; init; }

    /// <summary>The plan that the membership follows (<see cref="Configuration.Generation"/>).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Generation { get; init; }

    /// <summary>Replicas that nobody counts any more and that their nodes have not deleted yet; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<RemovedReplica>? Removed { get; init; }

    /// <summary>What a leader tells of its group.</summary>
    /// <param name="configuration">The membership in force, which is committed.</param>
    /// <param name="version">Where it stands in the group's log.</param>
    /// <param name="term">The leader's term, in which it has committed.</param>
    public static GroupPlace Of(Configuration configuration, ulong version, ulong term = 0) =>
        new([.. configuration.Voters.Select(v => v.Value)], [.. configuration.Learners.Select(l => l.Value)], version) { Term = term, Generation = configuration.Generation };

    /// <summary>Whether a member holds the group.</summary>
    public bool Contains(uint number) => Voters.Contains(number) || Learners.Contains(number);

    /// <summary>Whether a member still has to delete a replica of the group.</summary>
    public bool IsRemoved(uint number) => Removed?.Any(r => r.Number == number) ?? false;

    /// <summary>Whether a membership has the same voters and learners, in whatever order.</summary>
    public bool Matches(Configuration configuration) => !configuration.IsJoint && IsSame(Voters, configuration.Voters) && IsSame(Learners, configuration.Learners);

    /// <inheritdoc/>
    public bool Equals(GroupPlace? other) =>
        other is not null && Version == other.Version && Term == other.Term && Generation == other.Generation && Voters.SequenceEqual(other.Voters)
        && Learners.SequenceEqual(other.Learners) && (Removed ?? []).SequenceEqual(other.Removed ?? []);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Version, Voters.Count, Learners.Count);

    private static bool IsSame(IReadOnlyList<uint> numbers, IReadOnlyList<MemberId> members)
    {
        if (numbers.Count != members.Count) return false;
        for (var i = 0; i < members.Count; i++) if (!numbers.Contains(members[i].Value)) return false;
        return true;
    }
}

/// <summary>A replica that its group has left out and its node is to delete.</summary>
/// <param name="Number">The node's number.</param>
/// <param name="Version">Where the membership without it stands in the group's log.</param>
/// <param name="Term">Term of the leader that told so (<see cref="Tombstone.LogTerm"/>).</param>
public sealed record RemovedReplica(uint Number, ulong Version, ulong Term);

/// <summary>Where a shard's replicas are meant to be.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Voters">Numbers of the nodes that shall hold it, ascending.</param>
public sealed record PlannedMove(uint Shard, IReadOnlyList<uint> Voters)
{
    /// <summary>
    /// The map's version when it was planned: later plans have higher numbers. 0 has the plan of a former release, which recorded plans and
    /// did not carry them out.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong Id { get; init; }

    /// <summary>The shard's group.</summary>
    [JsonIgnore]
    public uint Group => Shard + 1;

    /// <summary>Whether the shard is where it shall be.</summary>
    public bool IsMade(GroupPlace place) => place.Learners.Count == 0 && place.Voters.Order().SequenceEqual(Voters.Order());

    /// <summary>A plan that meta is asked for; it gets its <see cref="Id"/> there.</summary>
    public static PlannedMove New(uint shard, IEnumerable<uint> voters) => new(shard, [.. voters.Order()]) { Id = 1 };

    /// <inheritdoc/>
    public bool Equals(PlannedMove? other) => other is not null && Shard == other.Shard && Id == other.Id && Voters.SequenceEqual(other.Voters);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Shard, Voters.Count, Id);
}
