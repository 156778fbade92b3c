using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// Makes the moves that meta has planned, on the leaders of the shards, one membership after another. The next one is asked for when the map shows
/// the one before: so every step is on record, whoever leads the shard or meta goes on where another stopped, and no replica is left
/// behind that the map has never heard of. A leader that has not heard of the newest plan is stopped by
/// <see cref="Configuration.Generation"/>.
/// </summary>
internal sealed class MoveMaintenance(Lane lane)
{
    public void Look(Replica replica)
    {
        var (raft, map) = (replica.Raft, lane.Map);
        var now = raft.Configuration;
        // Nearly always there is nothing to do.
        if (map.Moves.Count == 0 && now.Learners.Count == 0) return;
        if (!raft.TransferTarget.IsNone || !map.Groups[(int)replica.Group].Matches(now)) return;
        var move = map.OpenMoveOf(replica.Group, lane.Node.MovesAtOnce);
        if (move is null && map.Moves.Any(m => m.Group == replica.Group)) return;
        if (Next(now, move, lane.Self) is { } target) lane.Change(replica.Group, target, out _);
        else if (move is not null && !move.Voters.Contains(lane.Self.Value)) lane.HandOver(replica, node => move.Voters.Contains(node.Value) && !lane.Heartbeats.Leaves(node));
    }

    /// <summary>The membership that comes next; null when there is none to ask for. Then a leader that is to leave hands over first.</summary>
    /// <param name="now">In force, and known to meta.</param>
    /// <param name="move">Whom to end up with; null when no move is planned.</param>
    /// <param name="self">The leader.</param>
    internal static Configuration? Next(Configuration now, PlannedMove? move, MemberId self)
    {
        // Without a plan a shard needs no learners: those there are came by one that was given up.
        if (move is null) return now.Learners.Count == 0 || now.Generation == 0 ? null : Configuration.Of(now.Voters, [], now.Generation);
        var wanted = move.Voters.Select(v => new MemberId(v)).ToArray();
        var missing = wanted.Where(w => !now.Contains(w)).ToArray();
        if (missing.Length > 0) return Configuration.Of(now.Voters, now.Learners.Where(wanted.Contains).Concat(missing), move.Id);
        // A leader that is to leave keeps its vote until another one leads: nobody has to be elected in a hurry.
        var voters = wanted.Contains(self) ? wanted : [.. wanted, self];
        return now.Learners.Count == 0 && now.Voters.Count == voters.Length && voters.All(now.Voters.Contains) ? null : Configuration.Of(voters, [], move.Id);
    }
}
