using TokMesh.Cluster;

namespace TokMesh.Orleans.Bootstrap;

/// <summary>
/// What to answer to a node that asks for its cluster, given what is stored. Pure but for the candidates it has seen; whatever it
/// changes must be stored before anybody hears the answer.
/// </summary>
internal sealed class Founding(TokMeshSiloOptions options, Func<string, bool> isHere, Func<long> wallMs)
{
    private readonly Dictionary<string, Candidate> _candidates = new(StringComparer.Ordinal);

    /// <summary>The answer, and whether the record was changed for it.</summary>
    public GenesisAnswer Answer(GenesisRecord record, Hello hello, out bool changed)
    {
        changed = false;
        if (record.Genesis is null)
        {
            // A cluster that lives but is not stored here: its storage was lost or changed, and what its nodes know counts.
            if (hello.Genesis is { } known) record.Genesis = known.ToJson();
            else
            {
                _candidates[hello.Self.NodeId] = hello.Self;
                var here = _candidates.Values.Where(c => c == hello.Self || isHere(c.NodeId)).ToArray();
                if (here.Length < options.ExpectNodes) return new GenesisAnswer { Found = here.Length };
                record.Genesis = Genesis.Found(here, options.ShardCount, options.ReplicationFactor, wallMs()).ToJson();
            }
            changed = true;
        }
        var genesis = Genesis.FromJson(record.Genesis);
        if (hello.ClusterId is { } cluster && cluster != genesis.ClusterId)
            return Refuse("TM-CLST-5050", $"Node {hello.Self.NodeId} belongs to cluster {cluster}; these silos carry {genesis.ClusterId}: check cluster id, storage and data directories.");
        if (genesis.Nodes.FirstOrDefault(n => n.NodeId == hello.Self.NodeId) is { } listed)
            return listed.DirectoryId == hello.Self.DirectoryId ? new GenesisAnswer { Genesis = record.Genesis }
                : Refuse("TM-CLST-4090", $"Node id {hello.Self.NodeId} belongs to another data directory. What that directory promised is not in this one: restore it, or use a new node id.");
        return options.AllowJoin ? new GenesisAnswer { Genesis = record.Genesis }
            : Refuse("TM-CLST-4090", $"Node {hello.Self.NodeId} is not one of those that cluster {genesis.ClusterId} began with, and nobody may join.");
    }

    private static GenesisAnswer Refuse(string code, string message) => new() { RefusalCode = code, Refusal = message };
}
