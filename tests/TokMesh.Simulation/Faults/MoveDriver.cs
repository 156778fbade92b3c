using System.Buffers;
using TokMesh.Cluster.Meta;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Faults;

/// <summary>Plans moves of shards under load and faults, changes the plans before they are carried out, and gives some up.</summary>
internal sealed class MoveDriver(VirtualWorld world, Random random)
{
    private const int FewestVoters = 3;
    private const int MostVoters = 4;
    private const int DeadlineMs = 2_000;

    private readonly HashSet<ulong> _made = [];

    /// <summary>Plans that some node has seen carried out.</summary>
    public int Made => _made.Count;

    public bool Stopped { get; set; }

    public void Start() => world.Time.After(random.Next(100_000, 900_000), Next);

    /// <summary>Nodes that are gone for good are given nothing any more: every other plan is to be carried out.</summary>
    public void GiveUpWhatCannotBe()
    {
        var lost = world.Nodes.Where(n => n.IsLost).Select(n => n.Id.Value).ToArray();
        var node = world.Present.First();
        foreach (var move in node.Node!.Map.Moves.Where(m => m.Voters.Any(lost.Contains)))
            world.WriteMeta(node, MetaOps.ChangeMap(new MapChange { Cancel = move.Shard }));
    }

    private void Next()
    {
        if (Stopped) return;
        var node = world.Nodes[random.Next(world.Nodes.Count)];
        if (node.Node is { } running) Plan(node, running.Map);
        world.Time.After(random.Next(100_000, 900_000), Next);
    }

    private void Plan(VirtualNode node, ClusterMap map)
    {
        var shard = (uint)random.Next(world.Bootstrap.ShardCount);
        var change = new MapChange { Cancel = shard };
        if (random.Next(8) > 0)
        {
            var voters = world.Present.Select(n => n.Id.Value).ToArray();
            random.Shuffle(voters);
            change = new MapChange { Plan = PlannedMove.New(shard, voters.Take(random.Next(FewestVoters, MostVoters + 1))) };
        }
        _ = node.Store!.WriteAsync(0, b => b.Write(MetaOps.ChangeMap(change)), node.MonotonicMs + DeadlineMs).AsTask();
        foreach (var place in map.Groups)
            if (place.Generation > 0 && place.Learners.Count == 0 && map.Moves.All(m => m.Id != place.Generation)) _made.Add(place.Generation);
    }
}
