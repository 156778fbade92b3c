using System.Buffers;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.States;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// What a lane does for its groups without being asked: removal of what has expired, touches, tasks of the pointer protocol,
/// what meta must know of them, and keeping the log in memory small.
/// </summary>
internal sealed class LeaderMaintenance(Lane lane)
{
    private const int IntervalMs = 50;
    private const int DeadlineMs = 5_000;

    /// <summary>A commit position that nothing else has taken to the disk meanwhile goes there by itself after this.</summary>
    private const int KeepCommitsMs = 1_000;

    /// <summary>Log bytes kept in memory per group for followers that are behind; beyond it they are sent a snapshot.</summary>
    private const long KeptLogBytes = 512 << 10;

    private readonly ArrayBufferWriter<byte> _operation = new(256);
    private readonly Dictionary<uint, NameMaintenance> _names = [];
    private readonly MapMaintenance _map = new(lane);
    private readonly MoveMaintenance _moves = new(lane);
    private readonly LeaderBalance _balance = new(lane);
    private long _next;
    private long _nextKeep;

    public void Tick()
    {
        if (lane.NowMs < _next) return;
        _next = lane.NowMs + IntervalMs;
        var keep = lane.NowMs >= _nextKeep;
        if (keep) _nextKeep = lane.NowMs + KeepCommitsMs;
        foreach (var replica in lane.Replicas)
        {
            if (keep) replica.KeepCommit();
            if (replica.Raft.Log.Bytes > KeptLogBytes) replica.Raft.Trim(KeptLogBytes / 2);
            if (replica.Group == 0 && !lane.Node.Meta.IsCurrent) LookWhetherCurrent(replica);
            // What is to be done now depends on the time, and a leader that does not know it is about to step down.
            if (!replica.Raft.IsEstablished || !lane.Wall.IsTrusted) continue;
            Propose(replica);
            _map.Look(replica);
            if (replica.Group > 0) _moves.Look(replica);
            if (replica.State is ShardGroupState shard) NamesOf(replica).Tick(shard.Shard);
        }
        _balance.Tick();
    }

    private void LookWhetherCurrent(Replica meta)
    {
        if (meta.Raft.IsEstablished || meta.Raft.StalenessMs(lane.NowMs) is not null) lane.Node.Meta.HasCaughtUp();
        // It became quiescent before its leader could confirm that nothing newer was committed: nobody would ever say so.
        else if (meta.Raft.IsQuiescent) lane.WakeUp(meta);
    }

    private void Propose(Replica replica)
    {
        if (replica.MaintenanceUnderWay) return;
        _operation.ResetWrittenCount();
        if (!replica.State.TryNextMaintenance(lane.Wall.WallMs, _operation)) return;
        replica.MaintenanceUnderWay = true;
        lane.Submit(new Call
        {
            Group = replica.Group,
            Kind = CallKind.Write,
            Body = _operation.WrittenSpan.ToArray(),
            DeadlineMs = lane.NowMs + DeadlineMs,
            Owner = new MaintenanceCall(replica),
        });
    }

    private NameMaintenance NamesOf(Replica replica) =>
        _names.TryGetValue(replica.Group, out var keeper) ? keeper : _names[replica.Group] = new NameMaintenance(lane, replica.Group);

    private sealed class MaintenanceCall(Replica replica) : ICallOwner
    {
        public void Completed(Call call)
        {
            replica.MaintenanceUnderWay = false;
            if (call.Outcome != CallOutcome.Answered) replica.State.MaintenanceFailed();
        }
    }
}
