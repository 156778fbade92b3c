using System.Buffers;
using TokMesh.State.Entries;

namespace TokMesh.Cluster.States;

/// <summary>The state machine of a group: a shard's data, or meta.</summary>
internal interface IGroupState
{
    /// <summary>Whether what a query is answered depends on the time.</summary>
    bool DependsOnTime { get; }

    void Apply(ulong index, ReadOnlySpan<byte> entry, IApplySink sink);

    void Query(ReadOnlySpan<byte> query, long wallMs, IBufferWriter<byte> reply);

    /// <summary>A query on the leader, which may note something there that is proposed later.</summary>
    void LeaderQuery(ReadOnlySpan<byte> query, long wallMs, IBufferWriter<byte> reply);

    void WriteSnapshot(IBufferWriter<byte> output);

    ulong Digest();

    /// <summary>
    /// What the leader has to propose on its own account now, one operation at a time; false when there is nothing.
    /// </summary>
    bool TryNextMaintenance(long wallMs, IBufferWriter<byte> operation);

    /// <summary>The operation given last was not taken; what it was for is still to be done.</summary>
    void MaintenanceFailed();

    void LeadershipLost();
}
