namespace TokMesh.Cluster;

/// <summary>
/// What meta holds of the cluster's shape beyond how it began: nodes that came later, and moves of replicas that are planned. Every
/// change makes a new version; a change that names another version than the current one is refused.
/// </summary>
public sealed record ClusterMap
{
    /// <summary>That of a new cluster.</summary>
    public static readonly ClusterMap Empty = new();

    /// <summary>Grows by one with every change.</summary>
    public ulong Version { get; init; }

    /// <summary>Nodes that came later, by number. They hold meta, and no shard unless a move gave them one.</summary>
    public IReadOnlyList<FoundingNode> Guests { get; init; } = [];

    /// <summary>Planned moves, one for a shard at the most, by shard.</summary>
    public IReadOnlyList<PlannedMove> Moves { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(ClusterMap? other) =>
        other is not null && Version == other.Version && Guests.SequenceEqual(other.Guests) && Moves.SequenceEqual(other.Moves);

    /// <inheritdoc/>
    public override int GetHashCode() => Version.GetHashCode();
}

/// <summary>Where a shard's replicas are meant to be.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Voters">Numbers of the nodes that shall hold it, ascending.</param>
public sealed record PlannedMove(uint Shard, IReadOnlyList<uint> Voters)
{
    /// <inheritdoc/>
    public bool Equals(PlannedMove? other) => other is not null && Shard == other.Shard && Voters.SequenceEqual(other.Voters);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Shard, Voters.Count);
}

/// <summary>A change of the map, as it stands in meta's log. One of the first four is given.</summary>
public sealed record MapChange
{
    /// <summary>Takes a node in, or replaces what is known of it.</summary>
    public FoundingNode? AddGuest { get; init; }

    /// <summary>Leaves a node out: its number.</summary>
    public uint? RemoveGuest { get; init; }

    /// <summary>Plans a move, in place of an earlier plan for the shard.</summary>
    public PlannedMove? Plan { get; init; }

    /// <summary>Drops the plan for a shard.</summary>
    public uint? Cancel { get; init; }

    /// <summary>The version the map must have; null for any.</summary>
    public ulong? IfVersion { get; init; }

    /// <summary>Whether one change is asked for, and not none or several.</summary>
    internal bool IsOne => (AddGuest is null ? 0 : 1) + (RemoveGuest is null ? 0 : 1) + (Plan is null ? 0 : 1) + (Cancel is null ? 0 : 1) == 1;

    /// <summary>The map after the change; the same one when it changes nothing.</summary>
    internal ClusterMap ApplyTo(ClusterMap map)
    {
        var changed = this switch
        {
            { AddGuest: { } guest } => map with { Guests = [.. map.Guests.Where(g => g.Number != guest.Number).Append(guest).OrderBy(g => g.Number)] },
            { RemoveGuest: { } number } => map with { Guests = [.. map.Guests.Where(g => g.Number != number)] },
            { Plan: { } plan } => map with { Moves = [.. map.Moves.Where(m => m.Shard != plan.Shard).Append(plan).OrderBy(m => m.Shard)] },
            { Cancel: { } shard } => map with { Moves = [.. map.Moves.Where(m => m.Shard != shard)] },
            _ => map,
        };
        return changed.Equals(map) ? map : changed with { Version = map.Version + 1 };
    }
}
