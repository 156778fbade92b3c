namespace TokMesh.Cluster.Lanes;

/// <summary>Whether a node is about to stop, and what its lanes still have to hand over.</summary>
/// <param name="lanes">How many there are.</param>
internal sealed class Departure(int lanes)
{
    private readonly int[] _handingOver = new int[lanes];
    private int _toBegin;
    private bool _isLeaving;

    /// <summary>Whether this node is about to stop.</summary>
    public bool IsLeaving => Volatile.Read(ref _isLeaving);

    /// <summary>Whether a group led here is on its way to another node, or a lane has yet to begin with it.</summary>
    public bool IsHandingOver => Volatile.Read(ref _toBegin) > 0 || _handingOver.Any(static groups => groups > 0);

    /// <summary>The node is about to stop: every lane begins to hand over, and says so.</summary>
    public void Leave()
    {
        Interlocked.Add(ref _toBegin, lanes);
        Volatile.Write(ref _isLeaving, true);
    }

    /// <summary>A lane has begun to hand over what it leads; <see cref="HandingOver"/> has been told how much that is.</summary>
    public void HandOverBegun() => Interlocked.Decrement(ref _toBegin);

    /// <summary>So many groups of a lane are on their way to another node.</summary>
    public void HandingOver(int lane, int groups) => Volatile.Write(ref _handingOver[lane], groups);
}
