using System.Text.Json.Serialization;
using TokMesh.Raft.Log;
using TokMesh.State.Errors;

namespace TokMesh.Cluster.Meta;

/// <summary>A group whose membership has changed.</summary>
/// <param name="Group">0 is meta, shard s is group s + 1.</param>
/// <param name="Place">Who holds it now.</param>
public sealed record PlacedGroup(uint Group, GroupPlace Place);

/// <summary>A replica that its node has deleted.</summary>
/// <param name="Group">0 is meta, shard s is group s + 1.</param>
/// <param name="Number">The node's number.</param>
/// <param name="Version">Which removal it followed (<see cref="RemovedReplica.Version"/>), and all before that.</param>
public sealed record DeletedReplica(uint Group, uint Number, ulong Version);

/// <summary>A change of the map, as it stands in meta's log. One of the first seven is given.</summary>
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

    /// <summary>A node has deleted a replica that its group had left out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DeletedReplica? Deleted { get; init; }

    /// <summary>
    /// Plans a move, in place of an earlier plan for the shard. Its nodes must be members that do not have to delete a replica of
    /// the shard first.
    /// </summary>
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
    internal bool IsOne => ((object?[])[Join, Leave, Ready, Placed, Deleted, Plan, Cancel]).Count(static change => change is not null) == 1;

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
            { Deleted: { } deleted } => Forget(map, deleted),
            { Plan: { } plan } => PlanMove(map, plan, out refusal, out why),
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
        var reason = held > 0 ? $"holds {held} shards" : map.Groups is [var meta, ..] && meta.Voters.Contains(number) ? "has a vote in meta"
            : map.Moves.Any(m => m.Id > 0 && m.Voters.Contains(number)) ? "is to be given a shard" : null;
        if (reason is null)
        {
            // What it has to delete is nobody's concern any more: its number is never used again.
            return map with { Members = [.. map.Members.Where(m => m.Number != number)], Groups = [.. map.Groups.Select(g => Without(g, number, ulong.MaxValue))] };
        }
        (refusal, why) = (ErrorCode.ClusterNodeConflict, $"Member {number} {reason}: it can leave when others have taken over.");
        return map;
    }

    private static ClusterMap PlanMove(ClusterMap map, PlannedMove plan, out ErrorCode refusal, out string why)
    {
        var problem = plan.Id == 0 ? null : plan.Group >= map.Groups.Count ? $"There is no shard {plan.Shard}."
            : plan.Voters.FirstOrDefault(v => map.MemberOf(new MemberId(v)) is null) is not 0 and var stranger ? $"{stranger} is the number of no member."
            : plan.Voters.FirstOrDefault(map.Groups[(int)plan.Group].IsRemoved) is not 0 and var busy ? $"Member {busy} has not deleted its former replica of shard {plan.Shard} yet."
            : null;
        (refusal, why) = problem is null ? (ErrorCode.None, "") : (ErrorCode.ClusterNodeConflict, problem);
        if (problem is not null) return map;
        var others = map.Moves.Where(m => m.Shard != plan.Shard);
        if (plan.Id == 0) return map with { Moves = [.. others.Append(plan).OrderBy(m => m.Id).ThenBy(m => m.Shard)] };
        return map with { Moves = plan.IsMade(map.Groups[(int)plan.Group]) ? [.. others] : [.. others, plan with { Id = map.Version + 1 }] };
    }

    private static ClusterMap Place(ClusterMap map, PlacedGroup placed)
    {
        if (placed.Group >= map.Groups.Count || placed.Place.Version <= map.Groups[(int)placed.Group].Version) return map;
        var groups = map.Groups.ToArray();
        var before = groups[placed.Group];
        // A member that stays keeps its place in the order: the first one should lead.
        var after = placed.Place with
        {
            Voters = [.. before.Voters.Where(placed.Place.Voters.Contains), .. placed.Place.Voters.Where(v => !before.Voters.Contains(v)).Order()],
            Learners = [.. placed.Place.Learners.Order()],
        };
        groups[placed.Group] = after with { Removed = RemovedBy(map, placed.Group, before, after) };
        return map with { Groups = groups, Moves = [.. map.Moves.Where(m => m.Id == 0 || m.Group != placed.Group || !m.IsMade(after))] };
    }

    /// <summary>
    /// Whose replicas have to be deleted. Of a membership that follows no plan nobody's: who made it may take a member back at any time, and a member
    /// must be whole then.
    /// </summary>
    private static RemovedReplica[]? RemovedBy(ClusterMap map, uint group, GroupPlace before, GroupPlace after)
    {
        var waiting = (before.Removed ?? []).Where(r => !after.Contains(r.Number));
        var left = group == 0 || after.Generation == 0 ? [] : before.Voters.Concat(before.Learners).Where(n => !after.Contains(n) && map.MemberOf(new MemberId(n)) is not null);
        RemovedReplica[] all = [.. waiting.Concat(left.Select(n => new RemovedReplica(n, after.Version, after.Term))).OrderBy(r => r.Number)];
        return all.Length == 0 ? null : all;
    }

    private static ClusterMap Forget(ClusterMap map, DeletedReplica deleted)
    {
        if (deleted.Group >= map.Groups.Count) return map;
        var groups = map.Groups.ToArray();
        groups[deleted.Group] = Without(groups[deleted.Group], deleted.Number, deleted.Version);
        return map with { Groups = groups };
    }

    private static GroupPlace Without(GroupPlace place, uint number, ulong upTo) => !place.IsRemoved(number) ? place
        : place with { Removed = place.Removed!.Where(r => r.Number != number || r.Version > upTo).ToArray() is { Length: > 0 } rest ? rest : null };
}
