using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Lanes;

/// <summary>How many groups this node and the others lead, when what this node is giving away is counted with who gets it. Any lane asks.</summary>
/// <param name="lanes">How many lanes there are.</param>
/// <param name="leaders">Knows what this node leads.</param>
internal sealed class LeaderLoads(int lanes, LeaderTable leaders)
{
    private readonly Lock _lock = new();
    private readonly int[] _leaving = new int[lanes];

    // What was given since a node's report of that number.
    private readonly Dictionary<MemberId, (ulong Report, int Given)> _given = [];

    /// <summary>How many groups another node leads, as it said and with what was given to it since.</summary>
    public int Of(MemberId node, (int Groups, ulong Report) said)
    {
        lock (_lock) return Counted(node, said);
    }

    /// <summary>So many groups of a lane are on their way to other nodes.</summary>
    public void Leaving(int lane, int groups)
    {
        lock (_lock) _leaving[lane] = groups;
    }

    /// <summary>Counts one group more as given, if that makes the two nodes more even; false when it would not.</summary>
    public bool TryGive(int lane, MemberId to, (int Groups, ulong Report) said)
    {
        lock (_lock)
        {
            if (leaders.CountHere - _leaving.Sum() - Counted(to, said) < 2) return false;
            _leaving[lane]++;
            _given[to] = _given[to] with { Given = _given[to].Given + 1 };
            return true;
        }
    }

    private int Counted(MemberId node, (int Groups, ulong Report) said)
    {
        // Two reports on, what was given before the first has been counted, or was not taken.
        if (!_given.TryGetValue(node, out var given) || said.Report >= given.Report + 2 || said.Report < given.Report) _given[node] = given = (said.Report, 0);
        return said.Groups + given.Given;
    }
}
