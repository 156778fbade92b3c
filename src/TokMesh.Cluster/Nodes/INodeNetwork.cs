using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Nodes;

/// <summary>
/// How nodes find, see and reach each other. Whatever it says of who is there is a hint: only Raft terms, votes and the log decide.
/// </summary>
public interface INodeNetwork : ITransport, IMembership
{
    /// <summary>
    /// The cluster this node belongs to and its member number there: the one its data directory knows, or the one it finds or begins.
    /// </summary>
    /// <param name="known">What the data directory says.</param>
    /// <param name="store">Makes a bootstrap durable; called before anybody else hears of it.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="InvalidOperationException">The cluster refuses this node for good.</exception>
    /// <exception cref="TimeoutException">Too few nodes were found in time.</exception>
    Task<(Bootstrap Bootstrap, MemberId Self)> JoinAsync(Bootstrap? known, Func<Bootstrap, Task> store, CancellationToken cancel);

    /// <summary>Begins to carry the node's frames.</summary>
    void Attach(Node node);
}
