using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Lanes;

/// <summary>Who leads which group, as this node's replicas last said. Each lane writes its own groups, any thread reads.</summary>
internal sealed class LeaderTable(MemberId self, int groupCount)
{
    private readonly uint[] _leaders = new uint[groupCount];

    /// <summary>What is known of the leader of some group has changed.</summary>
    public event Action? Changed;

    /// <summary>Groups that this node led a moment ago.</summary>
    public int CountHere => _leaders.Count(leader => leader == self.Value);

    /// <summary>Whether this node led a group a moment ago: any thread may ask, only its lane knows.</summary>
    public bool IsHere(uint group) => Of(group) == self;

    /// <summary>Whom this node's replica of a group last followed, itself included; none where it has no replica.</summary>
    public MemberId Of(uint group) => new(group < _leaders.Length ? Volatile.Read(ref _leaders[group]) : 0);

    /// <summary>This node's replica follows a leader, itself included, or none.</summary>
    public void Set(uint group, MemberId leader)
    {
        if (Interlocked.Exchange(ref _leaders[group], leader.Value) != leader.Value) Changed?.Invoke();
    }
}
