using TokMesh.Cluster.Starts;
using TokMesh.Simulation.Observing;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Faults;

/// <summary>
/// Directories that are copied and put back: the copy of a node's directory takes the place of its own, its log is emptied, or a second
/// process runs on a copy beside it. One at a time, so that a majority keeps its disks. Only copies that every other node must
/// recognise are put back: what a node did after the last of its starts that the others know of, nobody else can know.
/// </summary>
internal sealed class Copies(VirtualWorld world, Random random)
{
    private readonly List<(VirtualNode Node, ulong Start, Image Image)> _kept = [];
    private Image? _right;
    private VirtualNode? _node;

    /// <summary>Whether one is under way: its node is left alone until it is over.</summary>
    public bool IsBusy => _node is not null;

    public int PutBack { get; private set; }

    public int Emptied { get; private set; }

    public int Twins { get; private set; }

    /// <summary>Copies a node's directory as it is now.</summary>
    public void Keep(VirtualNode node)
    {
        if (node.Node is not null) _kept.Add((node, node.Node.Past.Current.Number, Image.Of(node)));
    }

    /// <summary>Puts an older copy in the place of the directory of some node; tells how long until the right one is to be there again, null when there is no such copy.</summary>
    public int? Begin(VirtualNode node)
    {
        if (IsBusy || node.Node is null) return null;
        var emptied = random.Next(3) == 0;
        var old = _kept.FindLast(k => k.Node == node && EveryoneKnowsBetter(node, k.Start)).Image;
        if (!emptied && old is null) return null;
        (_node, _right) = (node, Image.Of(node));
        node.GoDown(Death.Killed);
        // Whether the node starts is to tell something about the directory alone.
        node.Disk.CallOffFaults();
        var logAlone = false;
        if (emptied)
        {
            Emptied++;
            node.Disk.Replace(new Dictionary<string, byte[]>());
        }
        else
        {
            PutBack++;
            node.Disk.Replace(old!.Log);
            // The directory around a log that is put back alone knows better.
            logAlone = random.Next(3) == 0;
            if (!logAlone) node.Directory.Replace(old.Directory);
        }
        node.HasForgotten = true;
        world.Observers.Forget(node);
        world.Observers.Trace?.Fault($"the {(emptied ? "log of node" : "directory of node")} {node.Id} is {(emptied ? "emptied" : "put back")}");
        var starts = node.Start();
        var mustStart = !emptied && !logAlone;
        if (starts && !mustStart) throw new SimulationFailure($"Node {node.Id} started though its log had been {(emptied ? "emptied" : "put back alone")}.");
        if (!starts && (mustStart || node.Refusal is not LogForgottenException))
            throw new SimulationFailure($"Node {node.Id} was to {(mustStart ? "start on an older directory" : "refuse to start on an older log")}, but: {node.Refusal?.Message}");
        return random.Next(500, 5_000);
    }

    /// <summary>Starts a second process on a copy of a running node's directory; tells how long until it is ended, null when it cannot be.</summary>
    public int? BeginTwin(VirtualNode node)
    {
        if (IsBusy || !world.Links.AreComplete || node.Hangs || world.Nodes.Any(n => n.Node is null || n.IsPaused || n.IsLost) || !EveryoneKnowsBetter(node, node.Node!.Past.Current.Number - 1)) return null;
        // Should the node end meanwhile, a copy that has all it had may take its place: that is no second process.
        node.Disk.CallOffFaults();
        var twin = new VirtualNode(world, world.Bootstrap.Nodes[(int)node.Id.Value - 1], random.Next(), node.LogKey) { IsCopy = true };
        Image.Of(node).PutInto(twin);
        Twins++;
        world.Twin = twin;
        _node = node;
        world.Observers.Trace?.Fault($"a copy of node {node.Id} is started beside it");
        twin.Start();
        return random.Next(1_000, 13_000);
    }

    /// <summary>Ends what is under way: the right directory is in its place again, and nothing runs beside it.</summary>
    public VirtualNode? End()
    {
        if (_node is not { } node) return null;
        _node = null;
        if (world.Twin is { } twin)
        {
            if (twin.Node is not null) twin.GoDown(Death.Killed);
            world.Twin = null;
            return node;
        }
        if (node.Node is not null) node.GoDown(Death.Killed);
        _right!.PutInto(node);
        node.HasForgotten = false;
        world.Observers.Forget(node);
        return node;
    }

    /// <summary>Whether every other node runs, and has on its disk that this one was started after a start.</summary>
    private bool EveryoneKnowsBetter(VirtualNode node, ulong start) =>
        world.Present.All(other => other == node || (other.Node is { } runs && runs.Peers.StoredStart(node.Id).Number > start));
}
