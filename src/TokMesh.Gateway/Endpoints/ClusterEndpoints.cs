using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Transport;
using TokMesh.Gateway.Protection;
using TokMesh.Gateway.Requests;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Gateway.Endpoints;

/// <summary>What an operator asks about the cluster, as this node sees it.</summary>
internal static class ClusterEndpoints
{
    private const uint MetaGroup = 0;

    public static void MapCluster(this IEndpointRouteBuilder routes)
    {
        var cluster = routes.MapGroup("/cluster");
        cluster.MapRead("/status", StatusAsync).RequireAuthorization(Policies.AnyKey).WithSummary("The cluster's health.");
        cluster.MapRead("/members", MembersAsync).RequireAuthorization(Policies.AnyKey).WithSummary("The members, and how this node sees them.");
        cluster.MapRead("/shards", ShardsAsync).Needs(ApiRole.Admin).WithMetadata(new QueryParameters("digest")).WithSummary("This node's replicas.");
        cluster.MapOtherMethods("GET, HEAD", "/status", "/members", "/shards");
    }

    private static async ValueTask<Answer<ClusterStatus>> StatusAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        var (node, survey) = (exchange.FrontEnd.Node, exchange.FrontEnd.Survey);
        var replicas = await survey.TakeAsync();
        var leaderless = replicas.Count(r => r.Leader.IsNone);
        var map = node.Map;
        var warning = EvenNodes.Warning(map);
        var health = node.Health.Cluster();
        var degraded = health.Worst == Severity.Warning || leaderless > 0 || !survey.IsComplete(replicas) || warning is not null;
        return ApiJson.Answer(new ClusterStatus
        {
            ClusterId = node.Bootstrap.ClusterId,
            NodeId = node.NodeIdOf(node.Self) ?? "",
            Number = node.Self.Value,
            Health = health.Worst == Severity.Critical ? "CRITICAL" : degraded ? "DEGRADED" : "OK",
            Nodes = map.Members.Count,
            NodesDown = exchange.FrontEnd.Membership?.Observed.Count(s => s.Liveness == Liveness.Dead) ?? 0,
            MetaLeader = NodeName.Of(node, LeaderOf(replicas, MetaGroup)),
            ShardCount = node.Bootstrap.ShardCount,
            ReplicationFactor = new ReplicationFactorView(node.Bootstrap.ReplicationFactor, map.Groups.Skip(1).Min(g => g.Voters.Count)),
            ThisNode = new ThisNodeView(replicas.Count, replicas.Count(r => r.Role == Role.Leader), leaderless, node.Clock.IsTrusted, node.Clock.OffsetMs),
            Conditions = [.. health.Conditions.Select(c => ConditionView.Of(node, c))],
            Reports = [.. health.Reports.Select(r => new ReportView(r.Node.Value, r.AgeMs, r.IsStale))],
            Warnings = [.. Warnings(node.Bootstrap, map, warning)],
        });
    }

    private static async ValueTask<Answer<MemberList>> MembersAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        var (node, membership) = (exchange.FrontEnd.Node, exchange.FrontEnd.Membership);
        var replicas = await exchange.FrontEnd.Survey.TakeAsync();
        var metaLeader = LeaderOf(replicas, MetaGroup);
        var observed = membership?.Observed ?? [];
        var map = node.Map;
        var members = map.Members.Select(member =>
        {
            var number = new MemberId(member.Number);
            var isSelf = number == node.Self;
            var seen = observed.FirstOrDefault(s => s.Number == number);
            // A node may have moved since the cluster began.
            var now = isSelf ? membership?.Self : seen?.Introduced;
            return new MemberView(member.Number, member.NodeId, now?.Peer ?? member.Peer, now?.Http ?? member.Http, now?.Redis ?? member.Redis,
                isSelf ? "alive" : seen?.Liveness.ToString().ToLowerInvariant() ?? "unknown", seen?.SinceMs, isSelf ? 0 : seen?.ClockOffsetMs, member.SinceMs,
                member.State.ToString().ToLowerInvariant(), member.Zone ?? "", map.CountShardsOf(number), map.Groups[0].Voters.Contains(member.Number), metaLeader == number,
                replicas.Count(r => r.Leader == number));
        });
        return ApiJson.Answer(new MemberList(node.Bootstrap.ClusterId, [.. members]));
    }

    private static async ValueTask<Results<Answer<ReplicaList>, Refusal>> ShardsAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        var query = exchange.ReadQuery();
        var digest = query.Choice("digest", "false", "true");
        if (query.Broken is { } broken) return Refusal.Of(broken);
        var (node, survey) = (exchange.FrontEnd.Node, exchange.FrontEnd.Survey);
        var replicas = digest ? await survey.TakeWithDigestsAsync() : await survey.TakeAsync();
        return ApiJson.Answer(new ReplicaList(node.NodeIdOf(node.Self) ?? "", survey.IsComplete(replicas), [.. replicas.Select(ReplicaView.Of)]));
    }

    private static IEnumerable<string> Warnings(Bootstrap bootstrap, ClusterMap map, string? evenNodes)
    {
        if (evenNodes is not null) yield return evenNodes;
        if (bootstrap.ReplicationFactor > map.Members.Count) yield return "Replication factor exceeds cluster size";
    }

    private static MemberId LeaderOf(IReadOnlyList<ReplicaStatus> replicas, uint group) =>
        replicas.FirstOrDefault(r => r.Group == group)?.Leader ?? MemberId.None;
}

/// <summary>The warning about an even number of nodes: it concerns the meta voters only.</summary>
internal static class EvenNodes
{
    /// <summary>Null for an odd number of nodes.</summary>
    public static string? Warning(ClusterMap map)
    {
        if (map.Members.Count % 2 == 1) return null;
        var voters = map.Groups[0].Voters.Count;
        var losable = (voters - 1) / 2;
        return string.Create(CultureInfo.InvariantCulture,
            $"Cluster has even number of nodes ({map.Members.Count}). Meta has {voters} voters and survives the loss of {losable}; beyond that API keys, settings and membership cannot change until voters are back. Sessions and keys depend on their own shards' replicas, not on this.");
    }
}
