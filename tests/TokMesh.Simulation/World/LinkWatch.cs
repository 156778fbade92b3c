namespace TokMesh.Simulation.World;

/// <summary>
/// What an engine tells nodes about their links: late, and not at all of what is over before it is noticed. A link counts as up when
/// both directions work and the other node runs.
/// </summary>
internal sealed class LinkWatch(VirtualWorld world, Random random)
{
    private readonly Dictionary<(VirtualNode, VirtualNode), bool> _told = [];
    private readonly HashSet<(VirtualNode, VirtualNode)> _planned = [];

    /// <summary>A node starts: it knows of no link.</summary>
    public void Forget(VirtualNode node)
    {
        foreach (var other in world.Nodes) _told.Remove((node, other));
    }

    /// <summary>Something about nodes or links has changed.</summary>
    public void Look()
    {
        foreach (var node in world.Nodes)
            foreach (var other in world.Nodes)
                if (node != other) Look(node, other);
    }

    private void Look(VirtualNode node, VirtualNode other)
    {
        if (node.Node is null || IsUp(node, other) == _told.GetValueOrDefault((node, other)) || !_planned.Add((node, other))) return;
        // A closed connection shows at once; silence takes a while to be taken for more than that.
        var delayMs = IsUp(node, other) || random.Next(3) == 0 ? random.Next(1, 60) : random.Next(200, 900);
        world.Time.After(delayMs * 1000L, () =>
        {
            _planned.Remove((node, other));
            if (node.Node is null) return;
            if (node.IsPaused)
            {
                node.WhenResumed(() => Look(node, other));
                return;
            }
            var up = IsUp(node, other);
            if (up == _told.GetValueOrDefault((node, other))) return;
            _told[(node, other)] = up;
            node.Node.LinkChanged(other.Id, up);
        });
    }

    private bool IsUp(VirtualNode node, VirtualNode other) =>
        other.Node is not null && !other.IsPaused && !world.Network.IsCut(node.Id, other.Id) && !world.Network.IsCut(other.Id, node.Id);
}
