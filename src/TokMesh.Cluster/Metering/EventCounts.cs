using TokMesh.Cluster.Health;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Cluster.Metering;

/// <summary>Counts what a node reports and passes it on.</summary>
internal sealed class EventCounts : INodeWatch
{
    private long _elections;
    private long _leaderChanges;
    private long _badFrames;

    /// <summary>Also told; null for nobody.</summary>
    public INodeWatch? Next { get; set; }

    /// <summary>Times a replica of this node stood for leader.</summary>
    public long Elections => Volatile.Read(ref _elections);

    /// <summary>Times a replica of this node got a leader.</summary>
    public long LeaderChanges => Volatile.Read(ref _leaderChanges);

    /// <summary>Frames of other nodes that could not be read.</summary>
    public long BadFrames => Volatile.Read(ref _badFrames);

    /// <inheritdoc/>
    public void LeaderChanged(uint group, Role role, Term term, MemberId leader)
    {
        if (role == Role.Candidate) Interlocked.Increment(ref _elections);
        if (!leader.IsNone) Interlocked.Increment(ref _leaderChanges);
        Next?.LeaderChanged(group, role, term, leader);
    }

    /// <inheritdoc/>
    public void BadFrame(MemberId from, string problem)
    {
        Interlocked.Increment(ref _badFrames);
        Next?.BadFrame(from, problem);
    }

    /// <inheritdoc/>
    public void ClockJudged(bool trusted, double offsetMs) => Next?.ClockJudged(trusted, offsetMs);

    /// <inheritdoc/>
    public void ConditionChanged(Condition condition, bool isRaised) => Next?.ConditionChanged(condition, isRaised);
}
