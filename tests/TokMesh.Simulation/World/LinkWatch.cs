using TokMesh.Cluster.Starts;
using TokMesh.Simulation.Observing;

namespace TokMesh.Simulation.World;

/// <summary>
/// What processes do for the links between them: they introduce themselves and judge each other, and nodes are told of links that
/// are up or down; late, and not at all of what is over before it is noticed. A link counts as up when both directions work and the
/// other process runs. A process that was started again is another one, and must introduce itself anew.
/// </summary>
internal sealed class LinkWatch(VirtualWorld world, Random random)
{
    private readonly Dictionary<(VirtualNode, VirtualNode), int> _linked = [];
    private readonly HashSet<(VirtualNode, VirtualNode)> _planned = [];

    /// <summary>A node starts: it knows of no link.</summary>
    public void Forget(VirtualNode node)
    {
        foreach (var other in world.Processes) _linked.Remove((node, other));
    }

    /// <summary>Whether all nodes are linked with each other.</summary>
    public bool AreComplete => world.Nodes.All(a => world.Nodes.All(b => a == b || (_linked.TryGetValue((a, b), out var boot) && boot == b.Boots)));

    /// <summary>Something about nodes or links has changed.</summary>
    public void Look()
    {
        foreach (var node in world.Processes)
            foreach (var other in world.Processes)
                if (node.Id != other.Id) Look(node, other);
    }

    private void Look(VirtualNode node, VirtualNode other)
    {
        if (node.Node is null || IsAsItShouldBe(node, other) || !_planned.Add((node, other))) return;
        // A closed connection shows at once; silence takes a while to be taken for more than that.
        Plan(node, other, IsUp(node, other) || random.Next(3) == 0 ? random.Next(1, 60) : random.Next(200, 900));
    }

    private void Plan(VirtualNode node, VirtualNode other, int delayMs) => world.Time.After(delayMs * 1000L, () =>
    {
        _planned.Remove((node, other));
        if (node.Node is null) return;
        if (node.IsPaused)
        {
            node.WhenResumed(() => Look(node, other));
            return;
        }
        if (IsAsItShouldBe(node, other)) return;
        if (_linked.Remove((node, other))) node.Node.LinkChanged(other.Id, false);
        if (IsUp(node, other) && IsKnownTo(node, other)) Introduce(node, other);
    });

    /// <summary>A node dials another, as <c>PeerLink</c> and <c>PeerListener</c> do: each judges what the other says of itself.</summary>
    private void Introduce(VirtualNode node, VirtualNode other)
    {
        var (boot, otherBoot) = (node.Boots, other.Boots);
        other.Node!.Admit(node.Id, node.NodeId, node.Node!.Past, refusal => Later(() =>
        {
            if (refusal is not null)
            {
                Refused(node, refusal);
                return;
            }
            Admitted(other, node);
            node.Node!.Admit(other.Id, other.NodeId, other.Node!.Past, unfit => Later(() =>
            {
                if (unfit is not null)
                {
                    Again();
                    return;
                }
                Admitted(node, other);
                _linked[(node, other)] = otherBoot;
                node.Node!.LinkChanged(other.Id, true);
                Look(node, other);
            }));
        }));

        void Later(Action then) => world.Time.After(random.Next(100, 2_000), () =>
        {
            if (node.Boots != boot) return;
            if (other.Boots != otherBoot || node.IsPaused || other.IsPaused || !IsUp(node, other)) Again();
            else then();
        });

        void Admitted(VirtualNode by, VirtualNode admitted)
        {
            if (admitted.HasForgotten) throw new SimulationFailure($"Node {by.Id} let node {admitted.Id} in, whose directory is an older copy.");
            if (admitted.IsCopy) throw new SimulationFailure($"Node {by.Id} let a copy of node {admitted.Id} in while that one runs.");
            by.Meets(admitted);
        }

        void Refused(VirtualNode refused, HelloRefusal refusal)
        {
            world.Observers.Trace?.Fault($"node {other.Id} refuses node {refused.Id}: {refusal.Code}");
            refused.Node!.RefusedBy(refusal);
            Again();
        }

        void Again()
        {
            if (node.IsPaused) node.WhenResumed(() => Look(node, other));
            else if (_planned.Add((node, other))) Plan(node, other, random.Next(30, 750));
        }
    }

    private bool IsAsItShouldBe(VirtualNode node, VirtualNode other)
    {
        var isLinked = _linked.TryGetValue((node, other), out var boot);
        return isLinked ? IsUp(node, other) && boot == other.Boots : !IsUp(node, other) || !IsKnownTo(node, other);
    }

    // Where a copy of a node listens nobody knows before it has introduced itself and was let in.
    private static bool IsKnownTo(VirtualNode node, VirtualNode other) => !other.IsCopy || node.Peer(other.Id) == other;

    private bool IsUp(VirtualNode node, VirtualNode other) =>
        other.Node is not null && !other.IsPaused && !world.Network.IsCut(node.Id, other.Id) && !world.Network.IsCut(other.Id, node.Id);
}
