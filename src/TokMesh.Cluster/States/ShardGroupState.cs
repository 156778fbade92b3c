using System.Buffers;
using TokMesh.State;
using TokMesh.State.Entries;
using TokMesh.State.Sessions;

namespace TokMesh.Cluster.States;

/// <summary>A shard's data as the state machine of its group.</summary>
internal sealed class ShardGroupState(ShardState shard) : IGroupState
{
    /// <summary>How often a leader makes touches durable: what a crash may cost of <c>last_active</c>.</summary>
    public const int TouchIntervalMs = 1000;
    private const int SweepLimit = 2000;
    private const int TouchLimit = 2000;
    private long _touchesDueMs;

    public ShardState Shard => shard;

    public bool DependsOnTime => true;

    public void Apply(ulong index, ReadOnlySpan<byte> entry, IApplySink sink) => shard.Apply(index, entry, sink);

    public void Query(ReadOnlySpan<byte> query, long wallMs, IBufferWriter<byte> reply) => shard.Query(query, wallMs, reply);

    public void LeaderQuery(ReadOnlySpan<byte> query, long wallMs, IBufferWriter<byte> reply) => shard.LeaderQuery(query, wallMs, reply);

    public void WriteSnapshot(IBufferWriter<byte> output) => shard.WriteSnapshot(output);

    public ulong Digest() => shard.Digest();

    public bool TryNextMaintenance(long wallMs, IBufferWriter<byte> operation)
    {
        if (shard.HasExpired(wallMs))
        {
            SessionOps.ExpireSweep(operation, SweepLimit);
            return true;
        }
        if (shard.TouchCount == 0 || wallMs < _touchesDueMs) return false;
        _touchesDueMs = wallMs + TouchIntervalMs;
        return shard.DrainTouches(TouchLimit, operation);
    }

    public void MaintenanceFailed() => shard.RequeueTouches();

    public void LeadershipLost() => shard.ClearTouches();
}
