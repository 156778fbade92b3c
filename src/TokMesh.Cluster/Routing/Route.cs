using System.Buffers;
using System.Buffers.Binary;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;
using TokMesh.State.Entries;
using TokMesh.State.Errors;

namespace TokMesh.Cluster.Routing;

/// <summary>
/// Brings the calls of this node's callers to the leader of one group until they are answered or their time is
/// over. Writes leave in order and are never overtaken: all of them name an <em>epoch</em>; once a node has refused one, it
/// refuses the rest of that epoch, and the router sends everything that is open again, from the front, under the next.
/// </summary>
internal sealed class Route(IRouteHost lane, uint group)
{
    /// <summary>Most writes waiting in one route, and the most bytes; beyond it callers hear "busy".</summary>
    private const int MaxWrites = 32_768;
    private const long MaxBytes = 128L << 20;

    /// <summary>A leader that has not answered for this long, and longer by what is under way, is taken for lost.</summary>
    private const int AttemptMs = 1_500;
    private const int SlowestBytesPerMs = 4 << 10;
    private const int RetryMs = 20;

    /// <summary>Bounds what travels and is logged as one piece.</summary>
    private const int MaxSectionBytes = 1 << 20;

    private readonly WriteQueue _writes = new();
    private readonly Dictionary<ulong, Call> _reads = [];
    private readonly List<ulong> _readsToSend = [];
    private ulong _epoch = 1;
    private ulong _section;
    private int _sent;
    private ulong _nextRead;
    private MemberId _target;
    private long _retryAt;
    private long _progressAt;
    private IReadOnlyList<MemberId> _likely = [];
    private ClusterMap? _likelyBy;
    private readonly LeaderSearch _search = new(lane.Self, node => node == lane.Self ? lane.ReplicaOf(group) is not null : lane.IsLinked(node));

    public bool IsIdle => _writes.Count == 0 && _reads.Count == 0;

    /// <summary>Whether the lane has it on its list of routes with something to send.</summary>
    public bool IsListed { get; set; }

    public bool HasUnsent => _sent < _writes.Count || _readsToSend.Count > 0;

    public void Submit(Call call)
    {
        if (IsIdle) _progressAt = lane.NowMs;
        if (call.Kind == CallKind.Write)
        {
            if (_writes.Count >= MaxWrites || _writes.Bytes >= MaxBytes)
            {
                call.Fail(CallOutcome.Failed, ErrorCode.SysTooManyRequests);
                return;
            }
            _writes.Add(call);
        }
        else
        {
            if (call.Consistency.Level != ConsistencyLevel.Linearizable && call.Kind == CallKind.Read
                && lane.ReplicaOf(group) is { } local && local.TryReadLocally(call)) return;
            if (_reads.Count >= MaxWrites)
            {
                call.Fail(CallOutcome.Failed, ErrorCode.SysTooManyRequests);
                return;
            }
            var id = ++_nextRead;
            _reads.Add(id, call);
            _readsToSend.Add(id);
        }
        lane.RouteHasWork(this);
    }

    /// <summary>Sends what has not left yet, if a leader is known.</summary>
    public void Pump()
    {
        if (!HasUnsent || lane.NowMs < _retryAt) return;
        if (_target == lane.Self && lane.ReplicaOf(group) is null) Redirect(MemberId.None, pause: false);
        if (_target.IsNone && (_target = FindLeader()).IsNone)
        {
            _retryAt = lane.NowMs + RetryMs;
            return;
        }
        if (_target == lane.Self)
        {
            if (lane.ReplicaOf(group) is { } replica)
            {
                SendWrites(replica);
                SendReads(replica);
            }
        }
        else
        {
            var frames = lane.FramesTo(_target);
            SendWrites(frames);
            SendReads(frames);
        }
    }

    public void OnWriteReply(ulong number, ReadOnlyMemory<byte> reply)
    {
        _search.Restart();
        _progressAt = lane.NowMs;
        if (_writes.Find(number) is not { IsDone: false } call) return;
        call.Answer(reply);
        Trim();
    }

    public void OnReadReply(ulong id, ReadOnlyMemory<byte> reply)
    {
        _search.Restart();
        _progressAt = lane.NowMs;
        if (_reads.Remove(id, out var call)) call.Answer(reply);
    }

    /// <summary>From write <paramref name="first"/> on, nothing of the epoch was taken; what was before it may have been.</summary>
    public void OnWritesRefused(ulong epoch, Refusal reason, MemberId leader, ulong first)
    {
        if (epoch != _epoch) return;
        if (reason == Refusal.NotLeader)
        {
            TryElsewhere(leader);
            return;
        }
        // What never went out under an earlier epoch either will never happen: the caller is told so.
        var from = first <= _writes.Floor ? 0 : (int)Math.Min(first - _writes.Floor, (ulong)_writes.Count);
        var error = reason == Refusal.Busy ? ErrorCode.SysTooManyRequests : ErrorCode.SysInternal;
        for (var i = from; i < _sent; i++)
            if (_writes[i].FirstEpoch == epoch) _writes[i].Fail(CallOutcome.Failed, error);
        NextEpoch();
        _sent = Math.Min(_sent, from);
        _retryAt = lane.NowMs + RetryMs;
        Trim();
    }

    public void OnReadRefused(ulong id, Refusal reason, MemberId leader)
    {
        if (!_reads.TryGetValue(id, out var call) || call.FirstEpoch != _epoch) return;
        if (reason == Refusal.Malformed)
        {
            _reads.Remove(id);
            call.Fail(CallOutcome.Failed, ErrorCode.SysInternal);
            return;
        }
        TryElsewhere(leader);
    }

    /// <summary>A replica on this node has heard of a leader, or lost its own leadership.</summary>
    public void OnLeader(MemberId leader)
    {
        _search.Restart();
        if (leader != _target) Redirect(leader, pause: false);
    }

    public void OnLinkDown(MemberId node)
    {
        if (_target != node) return;
        _search.DidNotAnswer(node);
        Redirect(MemberId.None, pause: true);
    }

    public void OnAnswersLost(MemberId node)
    {
        if (_target == node) Redirect(node, pause: false);
    }

    public void Tick()
    {
        if (IsIdle) return;
        var now = lane.NowMs;
        EndLateWrites(now);
        EndLateReads(now);
        if (!IsIdle && _target != lane.Self && !_target.IsNone && now - _progressAt >= AttemptMs + _writes.Bytes / SlowestBytesPerMs)
        {
            if (lane.ReplicaOf(group) is { } replica) lane.WakeUp(replica);
            _search.DidNotAnswer(_target);
            Redirect(MemberId.None, pause: false);
        }
        if (HasUnsent && now >= _retryAt) lane.RouteHasWork(this);
    }

    private void EndLateWrites(long now)
    {
        var expired = false;
        for (var i = 0; i < _writes.Count; i++)
        {
            var call = _writes[i];
            if (call.IsDone || call.DeadlineMs > now) continue;
            expired = true;
            if (call.FirstEpoch == 0) call.Fail(CallOutcome.Failed, ErrorCode.ClusterNoNode);
            else call.Fail(CallOutcome.Unknown, ErrorCode.ClusterTimeout);
        }
        if (expired) Trim();
    }

    private void EndLateReads(long now)
    {
        List<ulong>? late = null;
        foreach (var (id, call) in _reads)
            if (call.DeadlineMs <= now) (late ??= []).Add(id);
        if (late is null) return;
        foreach (var id in late)
        {
            // A read that was not answered changed nothing that anybody could tell.
            if (!_reads.Remove(id, out var call)) continue;
            // It was only passed on since this node did not know the time, or had no replica yet.
            if (call.Kind == CallKind.Read && lane.ReplicaOf(group) is { } local && (local.TryReadLocally(call) || local.TryReadByStamp(call))) continue;
            call.Fail(CallOutcome.Failed, _target.IsNone ? ErrorCode.ClusterNoNode : ErrorCode.ClusterTimeout);
        }
    }

    /// <summary>The node that was asked does not lead; perhaps another one is known to.</summary>
    private void TryElsewhere(MemberId leader)
    {
        if (lane.ReplicaOf(group) is { } replica) lane.WakeUp(replica);
        var next = _search.Follow(_target, leader);
        Redirect(next, pause: next.IsNone);
    }

    private void Redirect(MemberId target, bool pause)
    {
        if (_target != target) _progressAt = lane.NowMs;
        _target = target;
        NextEpoch();
        _sent = 0;
        _retryAt = pause ? lane.NowMs + RetryMs : 0;
        _readsToSend.Clear();
        foreach (var id in _reads.Keys) _readsToSend.Add(id);
        if (HasUnsent) lane.RouteHasWork(this);
    }

    private void NextEpoch()
    {
        _epoch++;
        _section = 0;
    }

    private MemberId FindLeader()
    {
        var map = lane.Map;
        if (!ReferenceEquals(map, _likelyBy)) (_likely, _likelyBy) = (map.LikelyReplicas(group), map);
        return _search.Next(lane.ReplicaOf(group)?.Leader ?? MemberId.None, _likely);
    }

    private void Trim() => _sent = Math.Max(0, _sent - _writes.Trim());

    private void SendWrites(Replica replica)
    {
        while (NextSection(out var first, out var count))
        {
            var section = FrameBuffer.Rent();
            WriteSection(section, first, count);
            var refusal = replica.Accept(lane.Self, lane.Origin, _epoch, _section++, _writes.NumberAt(first), section.Written);
            section.Dispose();
            MarkSent(first, count);
            if (refusal is not { } reason) continue;
            OnWritesRefused(_epoch, reason, replica.Leader == lane.Self ? MemberId.None : replica.Leader, _writes.NumberAt(first));
            return;
        }
    }

    private void SendWrites(FrameBuffer frames)
    {
        while (NextSection(out var first, out var count))
        {
            frames.Begin(FrameKind.Writes, group);
            Varint.Write(frames, _epoch);
            Varint.Write(frames, _section++);
            WriteSection(frames, first, count);
            frames.End();
            MarkSent(first, count);
        }
    }

    private void WriteSection(FrameBuffer output, int first, int count)
    {
        SectionWriter.WriteHead(output, lane.Origin, _writes.Floor, _writes.NumberAt(first), count);
        for (var i = 0; i < count; i++) SectionWriter.WriteOp(output, _writes[first + i].Body.Span);
    }

    private void SendReads(Replica replica)
    {
        var ids = _readsToSend.ToArray();
        _readsToSend.Clear();
        foreach (var id in ids)
        {
            if (!_reads.TryGetValue(id, out var call)) continue;
            call.FirstEpoch = _epoch;
            if (replica.Read(lane.Self, lane.Origin, id, call.Kind, call.Body)) continue;
            OnReadRefused(id, Refusal.NotLeader, replica.Leader == lane.Self ? MemberId.None : replica.Leader);
            return;
        }
    }

    private void SendReads(FrameBuffer frames)
    {
        foreach (var id in _readsToSend)
        {
            if (!_reads.TryGetValue(id, out var call)) continue;
            call.FirstEpoch = _epoch;
            frames.Begin(FrameKind.Read, group);
            BinaryPrimitives.WriteUInt64LittleEndian(frames.GetSpan(8), lane.Origin);
            frames.Advance(8);
            Varint.Write(frames, id);
            frames.GetSpan(1)[0] = (byte)call.Kind;
            frames.Advance(1);
            // Only a node without a replica asks another one for less than linearizable; what a replica passes on it cannot answer itself.
            Varint.Write(frames, lane.ReplicaOf(group) is null ? call.Consistency.OnWire : Consistency.Linearizable.OnWire);
            frames.Write(call.Body.Span);
            frames.End();
        }
        _readsToSend.Clear();
    }

    /// <summary>
    /// The next run of writes to send, bounded, without a gap: a write whose caller gave up is left out.
    /// </summary>
    private bool NextSection(out int first, out int count)
    {
        first = _sent;
        while (first < _writes.Count && _writes[first].IsDone) first++;
        count = 0;
        long bytes = 0;
        while (first + count < _writes.Count && !_writes[first + count].IsDone)
        {
            bytes += _writes[first + count].Body.Length;
            if (count > 0 && bytes > MaxSectionBytes) break;
            count++;
        }
        if (count == 0) _sent = _writes.Count;
        return count > 0;
    }

    private void MarkSent(int first, int count)
    {
        for (var i = first; i < first + count; i++)
            if (_writes[i].FirstEpoch == 0) _writes[i].FirstEpoch = _epoch;
        _sent = first + count;
    }
}
