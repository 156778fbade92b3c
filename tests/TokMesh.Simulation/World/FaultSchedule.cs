namespace TokMesh.Simulation.World;

/// <summary>
/// Crashes, power cuts within disk operations, restarts and cut links, drawn from the world's seed. At most one node is taken down
/// at a time, so that a majority of every shard's disks stays.
/// </summary>
internal sealed class FaultSchedule(VirtualWorld world)
{
    public int Crashes { get; private set; }

    public int Cuts { get; private set; }

    public void Run(int ms)
    {
        var random = world.Random;
        for (var end = world.Time.NowUs + ms * 1000L; world.Time.NowUs < end;)
        {
            world.Run(random.Next(100, 2500));
            var node = world.Nodes[random.Next(world.Nodes.Count)];
            switch (random.Next(4))
            {
                case 0 or 1 when world.Nodes.All(n => n.Node is not null):
                    if (random.Next(2) == 0) node.Crash();
                    else node.Disk.CutPowerAt(node.Disk.Operations + random.Next(1, 30));
                    Crashes++;
                    break;
                case 2:
                    foreach (var other in world.Nodes)
                    {
                        if (other == node) continue;
                        world.Network.Cut(node.Id, other.Id);
                        if (random.Next(2) == 0) world.Network.Cut(other.Id, node.Id);
                    }
                    Cuts++;
                    break;
                default:
                    Repair();
                    break;
            }
        }
    }

    /// <summary>Ends every fault, also power cuts that were planned and have not come yet: an idle node might meet one much later.</summary>
    public void Settle()
    {
        foreach (var node in world.Nodes) node.Disk.CutPowerAt(long.MaxValue);
        for (var i = 0; i < 3; i++)
        {
            Repair();
            world.Run(3000);
        }
    }

    private void Repair()
    {
        world.Network.HealAll();
        foreach (var node in world.Nodes) if (node.Node is null) node.Start();
    }
}
