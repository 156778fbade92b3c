using System.Runtime.CompilerServices;
using Orleans.Concurrency;
using Orleans.Placement;
using TokMesh.Client.Orleans;
using TokMesh.Cluster;
using TokMesh.State;
using ErrorCode = TokMesh.State.ErrorCode;

namespace TokMesh.Orleans;

/// <inheritdoc cref="IShardMapGrain"/>
[PreferLocalPlacement, Reentrant]
internal sealed class ShardMapGrain(NodeAccess access, IEngine engine) : Grain, IShardMapGrain
{
    private const int DeadlineMs = 5_000;
    private const int WatchMs = 250;
    private const int MaxVoters = 7;

    private MapCalls Calls => new(access.Store, DeadlineMs);

    public async Task<ShardMap> Get(bool linearizable = true, CancellationToken cancel = default)
    {
        var node = access.Node;
        var map = linearizable || node.Meta is not { } meta ? await Calls.ReadAsync(cancel) : meta.Map;
        return MapOf(node, map);
    }

    public async IAsyncEnumerable<ShardMap> Watch([EnumeratorCancellation] CancellationToken cancel = default)
    {
        ShardMap? last = null;
        while (!cancel.IsCancellationRequested && access.IsReady)
        {
            var map = await Get(linearizable: false, cancel);
            if (last is null || !AreEqual(last, map)) yield return last = map;
            await Task.Delay(WatchMs, cancel);
        }
    }

    public Task<ulong> PlanMove(uint shard, uint[] voters, ulong ifVersion, CancellationToken cancel = default)
    {
        var genesis = access.Node.Genesis;
        CheckShard(genesis, shard);
        if (voters.Length is < 1 or > MaxVoters || voters.Distinct().Count() != voters.Length)
            throw Impossible($"{voters.Length} voters, {voters.Distinct().Count()} of them different; allowed is 1 to {MaxVoters}, all different");
        var known = genesis.Nodes.Concat(access.Node.Meta?.Map.Guests ?? []).Select(n => n.Number);
        if (voters.Except(known).FirstOrDefault() is not 0 and var stranger) throw Impossible($"{stranger} is the number of no member");
        return Calls.ChangeAsync(new MapChange { Plan = new PlannedMove(shard, [.. voters.Order()]), IfVersion = ifVersion }, cancel);
    }

    public Task<ulong> CancelMove(uint shard, ulong ifVersion, CancellationToken cancel = default)
    {
        CheckShard(access.Node.Genesis, shard);
        return Calls.ChangeAsync(new MapChange { Cancel = shard, IfVersion = ifVersion }, cancel);
    }

    private static void CheckShard(Genesis genesis, uint shard)
    {
        if (shard >= genesis.ShardCount) throw Impossible($"there is no shard {shard}; allowed is 0 to {genesis.ShardCount - 1}");
    }

    private static ShardMapException Impossible(string why) => new(ErrorCode.ArgumentInvalid.ToText(), why);

    private ShardMap MapOf(Node node, ClusterMap map)
    {
        var genesis = node.Genesis;
        var sightings = engine.Sightings.ToDictionary(s => s.Number.Value, s => s.Liveness.ToString().ToLowerInvariant());
        return new ShardMap
        {
            ClusterId = genesis.ClusterId,
            Version = map.Version,
            ReplicationFactor = genesis.ReplicationFactor,
            Members = [.. genesis.Nodes.Concat(map.Guests).Select(n => new MapMember(n.Number, n.NodeId, n.Http, n.Redis, n.Number > genesis.Nodes.Count,
                n.Number == node.Self.Value ? "alive" : sightings.GetValueOrDefault(n.Number, "unknown")))],
            Shards = [.. node.Placement.Select((replicas, shard) => new ShardRoute((uint)shard, [.. replicas.Select(r => r.Value)], node.LeaderOf(new ShardId((uint)shard).Group).Value))],
            Moves = [.. map.Moves.Select(m => new MovePlan(m.Shard, m.Voters))],
        };
    }

    // Records compare lists by reference.
    private static bool AreEqual(ShardMap a, ShardMap b) => a.Version == b.Version && a.Members.SequenceEqual(b.Members)
        && a.Shards.Zip(b.Shards).All(s => s.First.Leader == s.Second.Leader && s.First.Replicas.SequenceEqual(s.Second.Replicas));
}
