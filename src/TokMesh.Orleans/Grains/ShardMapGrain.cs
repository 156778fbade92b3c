using System.Runtime.CompilerServices;
using Orleans.Concurrency;
using Orleans.Placement;
using TokMesh.Client.Orleans;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Orleans.Membership;
using TokMesh.Orleans.Nodes;
using TokMesh.Raft.Log;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Grains;

/// <inheritdoc cref="IShardMapGrain"/>
[PreferLocalPlacement, Reentrant]
internal sealed class ShardMapGrain(NodeAccess access, INodeNetwork network) : Grain, IShardMapGrain, IIncomingGrainCallFilter
{
    private const int DeadlineMs = 5_000;

    /// <summary>How often who watches hears of members that do not answer any more; of all else at once. Milliseconds.</summary>
    private const int LookMs = 1_000;
    private const int MaxVoters = 7;

    private MapCalls Calls => new(access.Store, DeadlineMs);

    public Task Invoke(IIncomingGrainCallContext context) => SilosOnly.InvokeAsync(context, nameof(PlanMove), nameof(CancelMove), nameof(RemoveMember));

    public async Task<ShardMap> Get(bool linearizable = true, CancellationToken cancel = default)
    {
        var node = access.Node;
        var map = linearizable || node.Meta is not { } meta ? await Calls.ReadAsync(cancel) : meta.Map;
        return MapOf(node, map);
    }

    public Task<string[]> Gateways() => Task.FromResult(access.Node.Meta is { } meta ? SiloRows.GatewaysOf(meta.Silos) : []);

    public async IAsyncEnumerable<ShardMap> Watch([EnumeratorCancellation] CancellationToken cancel = default)
    {
        ShardMap? last = null;
        using var changed = new SemaphoreSlim(1);
        var node = access.Node;
        node.MapChanged += Notify;
        node.LeadersChanged += Notify;
        try
        {
            while (!cancel.IsCancellationRequested && access.IsReady)
            {
                await changed.WaitAsync(LookMs, cancel);
                var map = await Get(linearizable: false, cancel);
                if (last is null || !AreEqual(last, map)) yield return last = map;
            }
        }
        finally
        {
            node.MapChanged -= Notify;
            node.LeadersChanged -= Notify;
        }

        void Notify()
        {
            // Two changes before anybody looked are one.
            try
            {
                if (changed.CurrentCount == 0) changed.Release();
            }
            catch (ObjectDisposedException)
            {
                // Nobody watches any more.
            }
        }
    }

    public Task<ulong> PlanMove(uint shard, uint[] voters, ulong ifVersion, CancellationToken cancel = default)
    {
        var bootstrap = access.Node.Bootstrap;
        CheckShard(bootstrap, shard);
        if (voters.Length is < 1 or > MaxVoters || voters.Distinct().Count() != voters.Length)
            throw Impossible($"{voters.Length} voters, {voters.Distinct().Count()} of them different; allowed is 1 to {MaxVoters}, all different");
        if (voters.Except(access.Node.Map.Members.Select(m => m.Number)).FirstOrDefault() is not 0 and var stranger) throw Impossible($"{stranger} is the number of no member");
        return Calls.ChangeAsync(new MapChange { Plan = PlannedMove.New(shard, voters), IfVersion = ifVersion }, cancel);
    }

    public Task<ulong> CancelMove(uint shard, ulong ifVersion, CancellationToken cancel = default)
    {
        CheckShard(access.Node.Bootstrap, shard);
        return Calls.ChangeAsync(new MapChange { Cancel = shard, IfVersion = ifVersion }, cancel);
    }

    public Task<ulong> RemoveMember(uint number, ulong ifVersion, CancellationToken cancel = default)
    {
        if (access.Node.Map.MemberOf(new MemberId(number)) is null) throw Impossible($"{number} is the number of no member");
        return Calls.ChangeAsync(new MapChange { Leave = number, IfVersion = ifVersion }, cancel);
    }

    private static void CheckShard(Bootstrap bootstrap, uint shard)
    {
        if (shard >= bootstrap.ShardCount) throw Impossible($"there is no shard {shard}; allowed is 0 to {bootstrap.ShardCount - 1}");
    }

    private static ShardMapException Impossible(string why) => new(ErrorCode.ArgumentInvalid.ToText(), why);

    private ShardMap MapOf(Node node, ClusterMap map)
    {
        var bootstrap = node.Bootstrap;
        var sightings = network.Observed.ToDictionary(s => s.Number.Value, s => s.Liveness.ToString().ToLowerInvariant());
        return new ShardMap
        {
            ClusterId = bootstrap.ClusterId,
            Version = map.Version,
            ReplicationFactor = bootstrap.ReplicationFactor,
            Members = [.. map.Members.Select(m => new MapMember(m.Number, m.NodeId, m.Http, m.Redis, m.SinceMs,
                m.Number == node.Self.Value ? "alive" : sightings.GetValueOrDefault(m.Number, "unknown"), m.Zone ?? "", m.State.ToString().ToLowerInvariant()))],
            Meta = RouteOf(node, map, 0),
            Shards = [.. Enumerable.Range(1, bootstrap.ShardCount).Select(group => RouteOf(node, map, (uint)group))],
            Moves = [.. map.Moves.Select(m => new MovePlan(m.Shard, m.Voters))],
        };
    }

    private static GroupRoute RouteOf(Node node, ClusterMap map, uint group) =>
        new((int)group - 1, map.Groups[(int)group].Voters, map.Groups[(int)group].Learners, map.Groups[(int)group].Version, node.LeaderOf(group).Value);

    // Records compare lists by reference.
    private static bool AreEqual(ShardMap a, ShardMap b) => a.Version == b.Version && a.Members.SequenceEqual(b.Members)
        && a.Meta.Leader == b.Meta.Leader && a.Shards.Zip(b.Shards).All(s => s.First.Leader == s.Second.Leader);
}
