using TokMesh.Cluster.Limits;

namespace TokMesh.Gateway.Requests;

/// <summary>
/// The feature of a connection that came when all places were taken: <c>/health</c> and <c>/ready</c> answer, everything else is
/// refused, and it is closed after its answer.
/// </summary>
/// <param name="limit">Counts what is refused.</param>
public sealed class LifeOnly(ConnectionLimit limit)
{
    internal ConnectionLimit Limit => limit;
}
