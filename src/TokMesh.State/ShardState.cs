using System.Buffers;
using TokMesh.State.Appliers;
using TokMesh.State.Data;
using TokMesh.State.Dedup;
using TokMesh.State.Entries;
using TokMesh.State.Errors;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;
using TokMesh.State.Snapshots;

namespace TokMesh.State;

/// <summary>
/// The state machine of one shard: sessions, plain keys, name pointers, tombstones, and what it takes to apply each
/// operation once. Deterministic: replicas that applied the same entries hold the same content, whatever their history of
/// snapshots and restarts. One thread at a time owns it; it has no clock, no randomness, no thread.
/// <para>The time of an entry is the larger of its stamp and the time of the entry before: it never goes back.</para>
/// </summary>
public sealed class ShardState
{
    private const int KeptReplyCapacity = 1 << 20;

    private readonly ShardData _data;
    private readonly TouchOverlay _touches = new();
    private readonly OpDispatch _ops;
    private readonly QueryDispatch _queries;
    private ArrayBufferWriter<byte> _reply = new(1024);

    /// <summary>An empty shard.</summary>
    public ShardState()
        : this(new ShardData(Tombstones.DefaultCapacity))
    {
    }

    internal ShardState(ShardData data)
    {
        _data = data;
        _ops = new OpDispatch(data, _touches);
        _queries = new QueryDispatch(data, _touches);
    }

    /// <summary>The index of the last entry applied.</summary>
    public ulong AppliedIndex => _data.AppliedIndex;

    /// <summary>The time of the last entry, Unix ms.</summary>
    public long EntryTime => _data.Time;

    /// <summary>Sessions held, expired ones that are not yet swept included.</summary>
    public int SessionCount => _data.Sessions.Count;

    /// <summary>Plain keys held, expired ones that are not yet swept included.</summary>
    public int KeyCount => _data.Keys.Count;

    /// <summary>Tombstones held.</summary>
    public int TombstoneCount => _data.Tombstones.Count;

    /// <summary>Name pointers held for other shards' sessions.</summary>
    public int NameCount => _data.Names.Count;

    /// <summary>Name work waiting to be done in other shards.</summary>
    public int OutboxCount => _data.Outbox.Count;

    /// <summary>Sessions with touches that have not been applied yet; leader only.</summary>
    public int TouchCount => _touches.Count;

    /// <summary>
    /// Applies the entry at <paramref name="index"/>, which must be above <see cref="AppliedIndex"/>; indexes that carry
    /// nothing for the state may be skipped. An entry that cannot be read changes nothing and throws
    /// <see cref="CorruptEntryException"/>: the node stops.
    /// </summary>
    public void Apply(ulong index, ReadOnlySpan<byte> entry, IApplySink sink)
    {
        // Applying an entry again would not be caught by the dedup table alone: a floor may have passed it.
        if (index <= _data.AppliedIndex) throw new InvalidOperationException($"Entry {index} was already applied: the state is at {_data.AppliedIndex}.");
        // All of it is read before any of it takes effect, so that a torn entry leaves nothing half done.
        EntryReader.Verify(entry);
        _data.AppliedIndex = index;
        if (entry.IsEmpty) return;
        var reader = new EntryReader(entry);
        _data.Time = Math.Max(_data.Time, reader.Stamp);
        _data.Origins.ForgetUnseen(_data.Time);
        while (reader.NextSection())
        {
            var origin = _data.Origins.See(reader.Origin, _data.Time);
            origin.RaiseFloor(reader.Floor);
            while (reader.NextOp(out var op)) sink.Applied(reader.Origin, reader.Seq, ApplyOnce(origin, reader.Seq, op));
        }
    }

    /// <summary>
    /// Answers a query at the later of <paramref name="nowMs"/> (Unix ms) and the last entry's time: what has expired by
    /// then is hidden. Changes nothing. A malformed query is answered with SYS-4000.
    /// </summary>
    public void Query(ReadOnlySpan<byte> query, long nowMs, IBufferWriter<byte> reply)
        => _queries.Run(query, Math.Max(nowMs, _data.Time), leader: false, reply);

    /// <summary>As <see cref="Query"/>, on the leader: touches are taken into the overlay that later reads see.</summary>
    public void LeaderQuery(ReadOnlySpan<byte> query, long nowMs, IBufferWriter<byte> reply)
        => _queries.Run(query, Math.Max(nowMs, _data.Time), leader: true, reply);

    /// <summary>
    /// True when a sweep at <paramref name="nowMs"/> (Unix ms) would remove something. The leader then proposes
    /// <see cref="SessionOps.ExpireSweep"/>, again while this holds.
    /// </summary>
    public bool HasExpired(long nowMs)
    {
        var now = Math.Max(nowMs, _data.Time);
        return (_data.Sessions.PeekExpiry(out var session) >= 0 && session <= now)
            || (_data.Keys.PeekExpiry(out var key) >= 0 && key <= now)
            || _data.Tombstones.HasLapsed(now);
    }

    /// <summary>
    /// Writes one operation with at most <paramref name="max"/> of the touches not yet proposed; false, and nothing written,
    /// when there are none. Reads see them on; the overlay lets go of them when the operation is applied.
    /// </summary>
    public bool DrainTouches(int max, IBufferWriter<byte> op) => _touches.Drain(max, _data.Sessions, op);

    /// <summary>A drained operation will not be applied (its proposal was refused): its touches are to be drained again.</summary>
    public void RequeueTouches() => _touches.Requeue();

    /// <summary>Leadership is lost: the touches that were not applied are forgotten.</summary>
    public void ClearTouches() => _touches.Clear();

    /// <summary>
    /// A hash of the whole replicated content: equal on replicas at equal <see cref="AppliedIndex"/>, and across a snapshot.
    /// Costs a walk over everything.
    /// </summary>
    public ulong Digest() => StateDigest.Of(_data);

    /// <summary>Writes everything replicated. The owner must not apply meanwhile.</summary>
    public void WriteSnapshot(IBufferWriter<byte> output) => SnapshotWriter.Write(_data, output);

    /// <summary>Reads a snapshot; <see cref="CorruptSnapshotException"/> when any of it is damaged.</summary>
    public static ShardState ReadSnapshot(ReadOnlySequence<byte> snapshot)
        => new(SnapshotReader.Read(snapshot, Tombstones.DefaultCapacity));

    private ReadOnlySpan<byte> ApplyOnce(Origin origin, ulong seq, ReadOnlySpan<byte> op)
    {
        if (_reply.Capacity > KeptReplyCapacity) _reply = new ArrayBufferWriter<byte>(1024);
        _reply.ResetWrittenCount();
        if (seq > origin.LastSeq)
        {
            _ops.Apply(op, _reply);
            origin.Remember(seq, _reply.WrittenSpan);
            return _reply.WrittenSpan;
        }
        if (!origin.Replies.TryFind(seq, out var dropped, out var remembered)) ReplyWriter.Error(_reply, ErrorCode.Superseded);
        else if (dropped) ReplyWriter.Error(_reply, ErrorCode.ReplyForgotten);
        else return remembered;
        return _reply.WrittenSpan;
    }
}
