using System.Text.Json.Serialization;
using TokMesh.Raft.Log;
using TokMesh.State.Errors;

namespace TokMesh.Cluster.Meta;

/// <summary>A group whose membership has changed.</summary>
/// <param name="Group">0 is meta, shard s is group s + 1.</param>
/// <param name="Place">Who holds it now.</param>
public sealed record PlacedGroup(uint Group, GroupPlace Place);

/// <summary>A change of the map, as it stands in meta's log. One of the first six is given.</summary>
public sealed record MapChange
{
    /// <summary>
    /// Takes a node in, or learns its addresses anew when it is a member already. It gets a number unless its id belongs to another
    /// data directory. <see cref="Member.Number"/> is not looked at.
    /// </summary>
    public Member? Join { get; init; }

    /// <summary>Leaves a member out: its number. It must hold no shard, and no vote in meta.</summary>
    public uint? Leave { get; init; }

    /// <summary>A member that was joining has all of meta now: its number.</summary>
    public uint? Ready { get; init; }

    /// <summary>Says who holds a group now; one that stands before what is known of the group changes nothing.</summary>
    public PlacedGroup? Placed { get; init; }

    /// <summary>Plans a move, in place of an earlier plan for the shard.</summary>
    public PlannedMove? Plan { get; init; }

    /// <summary>Drops the plan for a shard.</summary>
    public uint? Cancel { get; init; }

    /// <summary>In the log of a former release: a node that came later.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Member? AddGuest { get; init; }

    /// <summary>In the log of a former release: such a node has gone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public uint? RemoveGuest { get; init; }

    /// <summary>The version the map must have; null for any.</summary>
    public ulong? IfVersion { get; init; }

    /// <summary>Whether one change is asked for, and not none or several.</summary>
    internal bool IsOne => (Join is null ? 0 : 1) + (Leave is null ? 0 : 1) + (Ready is null ? 0 : 1) + (Placed is null ? 0 : 1) + (Plan is null ? 0 : 1) + (Cancel is null ? 0 : 1) == 1;

    /// <summary>The map after the change; the same one when it changes nothing.</summary>
    /// <param name="map">The map before.</param>
    /// <param name="refusal">Why it was refused; None when it was not.</param>
    /// <param name="why">The same in words.</param>
    internal ClusterMap ApplyTo(ClusterMap map, out ErrorCode refusal, out string why)
    {
        (refusal, why) = IfVersion is { } wanted && wanted != map.Version
            ? (ErrorCode.SessionVersionConflict, $"The map is at version {map.Version}.") : (ErrorCode.None, "");
        if (refusal != ErrorCode.None) return map;
        var changed = this switch
        {
            { Join: { } node } => Take(map, node, out refusal, out why),
            { Leave: { } number } => LeaveOut(map, number, out refusal, out why),
            { Ready: { } number } => map with { Members = [.. map.Members.Select(m => m.Number == number ? m with { State = MemberState.Active } : m)] },
            { Placed: { } placed } => Place(map, placed),
            { Plan: { } plan } => map with { Moves = [.. map.Moves.Where(m => m.Shard != plan.Shard).Append(plan).OrderBy(m => m.Shard)] },
            { Cancel: { } shard } => map with { Moves = [.. map.Moves.Where(m => m.Shard != shard)] },
            { AddGuest: { } guest } => map with { Guests = [.. (map.Guests ?? []).Where(g => g.Number != guest.Number).Append(guest).OrderBy(g => g.Number)] },
            { RemoveGuest: { } number } => map with { Guests = [.. (map.Guests ?? []).Where(g => g.Number != number)] },
            _ => map,
        };
        return changed.Equals(map) ? map : changed with { Version = map.Version + 1 };
    }

    private static ClusterMap Take(ClusterMap map, Member node, out ErrorCode refusal, out string why)
    {
        (refusal, why) = (ErrorCode.None, "");
        var known = map.Members.FirstOrDefault(m => m.NodeId == node.NodeId);
        if (known is null && map.Members.FirstOrDefault(m => m.DirectoryId == node.DirectoryId) is { } owner)
        {
            (refusal, why) = (ErrorCode.ClusterNodeConflict, $"The data directory of node {node.NodeId} is that of member {owner.Number}, node {owner.NodeId}.");
            return map;
        }
        if (known is null) return map with { NextNumber = map.NextNumber + 1, Members = [.. map.Members, node with { Number = map.NextNumber, State = MemberState.Joining }] };
        if (known.DirectoryId == node.DirectoryId) return map with { Members = [.. map.Members.Select(m => m == known ? node with { Number = m.Number, SinceMs = m.SinceMs, State = m.State } : m)] };
        (refusal, why) = (ErrorCode.ClusterNodeConflict,
            $"Node id {node.NodeId} belongs to member {known.Number}, which has another data directory: restore that, remove the member, or use a new node id.");
        return map;
    }

    private static ClusterMap LeaveOut(ClusterMap map, uint number, out ErrorCode refusal, out string why)
    {
        (refusal, why) = (ErrorCode.None, "");
        var held = map.CountShardsOf(new MemberId(number));
        if (held == 0 && (map.Groups.Count == 0 || !map.Groups[0].Voters.Contains(number)))
            return map with { Members = [.. map.Members.Where(m => m.Number != number)] };
        (refusal, why) = (ErrorCode.ClusterNodeConflict, $"Member {number} {(held > 0 ? $"holds {held} shards" : "has a vote in meta")}: it can leave when others have taken over.");
        return map;
    }

    private static ClusterMap Place(ClusterMap map, PlacedGroup placed)
    {
        if (placed.Group >= map.Groups.Count || placed.Place.Version <= map.Groups[(int)placed.Group].Version) return map;
        var groups = map.Groups.ToArray();
        // A member that stays keeps its place in the order: the first one should lead.
        var before = groups[placed.Group].Voters;
        groups[placed.Group] = placed.Place with
        {
            Voters = [.. before.Where(placed.Place.Voters.Contains), .. placed.Place.Voters.Where(v => !before.Contains(v)).Order()],
            Learners = [.. placed.Place.Learners.Order()],
        };
        return map with { Groups = groups };
    }
}
