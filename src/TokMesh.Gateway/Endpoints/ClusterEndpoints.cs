using System.Globalization;
using System.Text.Json;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Transport;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Json;
using TokMesh.Gateway.Requests;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Gateway.Endpoints;

/// <summary>What an operator asks about the cluster, as this node sees it.</summary>
internal sealed class ClusterEndpoints(GatewayFrontEnd frontEnd, ReplicaSurvey survey)
{
    private const uint MetaGroup = 0;
    private readonly Bootstrap _bootstrap = frontEnd.Node.Bootstrap;

    public async ValueTask StatusAsync(Exchange exchange)
    {
        var replicas = await survey.TakeAsync();
        var leaderless = replicas.Count(r => r.Leader.IsNone);
        var map = frontEnd.Node.Map;
        var warning = EvenNodes.Warning(map);
        var health = frontEnd.Node.Health.Cluster();
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteString("cluster_id"u8, _bootstrap.ClusterId);
        json.WriteString("node_id"u8, NodeIdOf(frontEnd.Node.Self));
        json.WriteNumber("number"u8, frontEnd.Node.Self.Value);
        var degraded = health.Worst == Severity.Warning || leaderless > 0 || !survey.IsComplete(replicas) || warning is not null;
        json.WriteString("health"u8, health.Worst == Severity.Critical ? "CRITICAL"u8 : degraded ? "DEGRADED"u8 : "OK"u8);
        json.WriteNumber("nodes"u8, map.Members.Count);
        json.WriteNumber("nodes_down"u8, Down());
        WriteNode(json, "meta_leader"u8, LeaderOf(replicas, MetaGroup));
        json.WriteNumber("shard_count"u8, _bootstrap.ShardCount);
        json.WriteStartObject("replication_factor"u8);
        json.WriteNumber("configured"u8, _bootstrap.ReplicationFactor);
        json.WriteNumber("effective"u8, map.Groups.Skip(1).Min(g => g.Voters.Count));
        json.WriteEndObject();
        json.WriteStartObject("this_node"u8);
        json.WriteNumber("replicas"u8, replicas.Count);
        json.WriteNumber("leads"u8, replicas.Count(r => r.Role == Role.Leader));
        json.WriteNumber("without_leader"u8, leaderless);
        json.WriteBoolean("clock_trusted"u8, frontEnd.Node.Clock.IsTrusted);
        json.WriteNumber("clock_offset_ms"u8, frontEnd.Node.Clock.OffsetMs);
        json.WriteEndObject();
        ConditionWriter.WriteConditions(json, health, NodeIdOf);
        ConditionWriter.WriteReports(json, health);
        json.WriteStartArray("warnings"u8);
        if (warning is not null) json.WriteStringValue(warning);
        if (_bootstrap.ReplicationFactor > map.Members.Count) json.WriteStringValue("Replication factor exceeds cluster size"u8);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public async ValueTask MembersAsync(Exchange exchange)
    {
        var replicas = await survey.TakeAsync();
        var metaLeader = LeaderOf(replicas, MetaGroup);
        var sightings = frontEnd.Membership?.Observed ?? [];
        var map = frontEnd.Node.Map;
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteString("cluster_id"u8, _bootstrap.ClusterId);
        json.WriteStartArray("members"u8);
        foreach (var node in map.Members)
        {
            var number = new MemberId(node.Number);
            var sighting = sightings.FirstOrDefault(s => s.Number == number);
            // A node may have moved since the cluster began.
            var now = number == frontEnd.Node.Self ? frontEnd.Membership?.Self : sighting?.Introduced;
            json.WriteStartObject();
            json.WriteNumber("number"u8, node.Number);
            json.WriteString("node_id"u8, node.NodeId);
            json.WriteString("peer"u8, now?.Peer ?? node.Peer);
            json.WriteString("http"u8, now?.Http ?? node.Http);
            json.WriteString("redis"u8, now?.Redis ?? node.Redis);
            WriteLiveness(json, number, sighting);
            json.WriteNumber("member_since"u8, node.SinceMs);
            json.WriteString("state"u8, node.State.ToString().ToLowerInvariant());
            json.WriteString("zone"u8, node.Zone ?? "");
            json.WriteNumber("shards"u8, map.CountShardsOf(number));
            json.WriteBoolean("is_meta_voter"u8, map.Groups[0].Voters.Contains(node.Number));
            json.WriteBoolean("is_meta_leader"u8, metaLeader == number);
            json.WriteNumber("leads"u8, replicas.Count(r => r.Leader == number));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public async ValueTask ShardsAsync(Exchange exchange)
    {
        var query = new QueryReader(exchange.Http.Request.QueryString.Value, "digest");
        var digest = query.Choice("digest", "false", "true");
        if (query.Broken is { } broken)
        {
            exchange.Fail(broken);
            return;
        }
        var replicas = digest ? await survey.TakeWithDigestsAsync() : await survey.TakeAsync();
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteString("node_id"u8, NodeIdOf(frontEnd.Node.Self));
        json.WriteBoolean("complete"u8, survey.IsComplete(replicas));
        json.WriteStartArray("replicas"u8);
        foreach (var replica in replicas) Write(json, replica);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ReplicaStatus replica)
    {
        json.WriteStartObject();
        json.WriteNumber("group"u8, replica.Group);
        json.WriteString("role"u8, replica.Role switch
        {
            Role.Leader => "leader"u8,
            Role.Candidate => "candidate"u8,
            Role.PreCandidate => "pre_candidate"u8,
            _ => "follower"u8,
        });
        json.WriteNumber("leader"u8, replica.Leader.Value);
        json.WriteNumber("term"u8, replica.Term.Value);
        json.WriteNumber("last_index"u8, replica.LastIndex.Value);
        json.WriteNumber("commit_index"u8, replica.CommitIndex.Value);
        json.WriteNumber("applied_index"u8, replica.AppliedIndex.Value);
        json.WriteNumber("sessions"u8, replica.Sessions);
        json.WriteNumber("keys"u8, replica.Keys);
        if (replica.Digest is { } digest) json.WriteString("digest"u8, digest.ToString("x16", CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }

    private void WriteLiveness(Utf8JsonWriter json, MemberId number, NodeLiveness? sighting)
    {
        var isSelf = number == frontEnd.Node.Self;
        json.WriteString("liveness"u8, isSelf ? "alive"u8 : sighting?.Liveness switch
        {
            Liveness.Alive => "alive"u8,
            Liveness.Suspect => "suspect"u8,
            Liveness.Dead => "dead"u8,
            _ => "unknown"u8,
        });
        if (sighting is not null) json.WriteNumber("since"u8, sighting.SinceMs);
        else json.WriteNull("since"u8);
        if (isSelf) json.WriteNumber("clock_offset_ms"u8, 0);
        else if (sighting?.ClockOffsetMs is { } offset) json.WriteNumber("clock_offset_ms"u8, offset);
        else json.WriteNull("clock_offset_ms"u8);
    }

    private void WriteNode(Utf8JsonWriter json, ReadOnlySpan<byte> name, MemberId number)
    {
        if (number.IsNone)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        json.WriteNumber("number"u8, number.Value);
        json.WriteString("node_id"u8, NodeIdOf(number));
        json.WriteEndObject();
    }

    private int Down() => frontEnd.Membership?.Observed.Count(s => s.Liveness == Liveness.Dead) ?? 0;

    private static MemberId LeaderOf(IReadOnlyList<ReplicaStatus> replicas, uint group) =>
        replicas.FirstOrDefault(r => r.Group == group)?.Leader ?? MemberId.None;

    private string NodeIdOf(MemberId number) => frontEnd.Node.NodeIdOf(number) ?? "";
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
