using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Routing;

/// <summary>
/// Looks for the leader of a group among nodes that may be wrong about it: one that left the group follows its last leader for
/// ever, and two of them can point at each other. A search therefore goes in rounds; in one, each node's word is followed once, and
/// everyone who can be reached is asked.
/// </summary>
/// <param name="self">This node.</param>
/// <param name="canBeAsked">Whether a node can be reached; for this node, whether it has a replica of the group.</param>
internal sealed class LeaderSearch(MemberId self, Func<MemberId, bool> canBeAsked)
{
    private readonly HashSet<MemberId> _heard = [];
    private readonly HashSet<MemberId> _silent = [];

    /// <summary>The leader was found, or there is news of one: what was learnt on the way no longer counts.</summary>
    public void Restart()
    {
        _heard.Clear();
        _silent.Clear();
    }

    /// <summary>A node was asked and did not answer: nodes that name it in this round are not believed.</summary>
    public void DidNotAnswer(MemberId node)
    {
        _heard.Add(node);
        _silent.Add(node);
    }

    /// <summary>Whom to ask after a node that does not lead has named another one; none when its word leads nowhere.</summary>
    public MemberId Follow(MemberId node, MemberId named) =>
        _heard.Add(node) && named != node && MayAsk(named) ? named : MemberId.None;

    /// <summary>Whom to ask when nobody has named anyone; none when a round is over, and the next begins.</summary>
    /// <param name="ownLeader">Whom this node's replica follows, itself included: it hears first when there is another leader.</param>
    /// <param name="nodes">Everyone who may know, the likeliest first.</param>
    public MemberId Next(MemberId ownLeader, IReadOnlyList<MemberId> nodes)
    {
        if (!ownLeader.IsNone && _heard.Add(self) && MayAsk(ownLeader)) return ownLeader;
        foreach (var node in nodes)
            if (node != self && !_heard.Contains(node) && MayAsk(node)) return node;
        Restart();
        return MemberId.None;
    }

    private bool MayAsk(MemberId node) => !node.IsNone && !_silent.Contains(node) && canBeAsked(node);
}
