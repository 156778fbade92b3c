using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TokMesh.State.Wire;

namespace TokMesh.State.Sessions;

/// <summary>
/// The touches the leader has taken and not yet seen applied, newest per session. Volatile: not replicated, in
/// no snapshot and no digest; a leader that steps down forgets it.
/// </summary>
internal sealed class TouchOverlay
{
    private readonly Dictionary<int, Pending> _bySlot = [];

    /// <summary>Slots to be drained; may name a slot that has nothing pending any more.</summary>
    private readonly Queue<int> _queue = new();

    public int Count => _bySlot.Count;

    /// <summary>A touch that moves last_active alone.</summary>
    public void Touch(int slot, long now) => Take(slot, now);

    /// <summary>A touch with an address and agent, which are kept only if they are news: most clients' never change.</summary>
    public void Touch(int slot, long now, in SessionView recorded, ReadOnlySpan<byte> ip, ReadOnlySpan<byte> agent)
    {
        ref var pending = ref Take(slot, now);
        if (!pending.Access && ip.SequenceEqual(recorded.LastAccessIp) && agent.SequenceEqual(recorded.LastAccessUserAgent)) return;
        pending.Access = true;
        if (pending.Ip is null || !ip.SequenceEqual(pending.Ip)) pending.Ip = ip.ToArray();
        if (pending.UserAgent is null || !agent.SequenceEqual(pending.UserAgent)) pending.UserAgent = agent.ToArray();
    }

    /// <summary>Lays what is pending over a record; false when there is nothing.</summary>
    public bool TryOverlay(int slot, ref SessionDraft draft)
    {
        if (_bySlot.Count == 0 || !_bySlot.TryGetValue(slot, out var pending)) return false;
        draft.LastActive = Math.Max(draft.LastActive, pending.LastActive);
        if (pending.Access)
        {
            draft.LastIp = pending.Ip;
            draft.LastUserAgent = pending.UserAgent;
        }
        return true;
    }

    public long LastActive(int slot, long recorded)
        => _bySlot.Count > 0 && _bySlot.TryGetValue(slot, out var pending) ? Math.Max(pending.LastActive, recorded) : recorded;

    /// <summary>The access address a reader sees.</summary>
    public ReadOnlySpan<byte> LastIp(int slot, ReadOnlySpan<byte> recorded)
        => _bySlot.Count > 0 && _bySlot.TryGetValue(slot, out var pending) && pending.Access ? pending.Ip : recorded;

    /// <summary>A touch up to this time is in the record now. What was touched since stays.</summary>
    public void Applied(int slot, long lastActive)
    {
        if (_bySlot.Count > 0 && _bySlot.TryGetValue(slot, out var pending) && !pending.Queued && pending.LastActive <= lastActive) _bySlot.Remove(slot);
    }

    public void Forget(int slot)
    {
        if (_bySlot.Count > 0) _bySlot.Remove(slot);
    }

    public void Clear()
    {
        _bySlot.Clear();
        _queue.Clear();
    }

    /// <summary>Drained touches whose proposal was lost are pending again.</summary>
    public void Requeue()
    {
        foreach (var slot in _bySlot.Keys)
        {
            ref var pending = ref CollectionsMarshal.GetValueRefOrNullRef(_bySlot, slot);
            if (!pending.Queued)
            {
                pending.Queued = true;
                _queue.Enqueue(slot);
            }
        }
    }

    /// <summary>Writes one operation with at most <paramref name="max"/> touches; false when nothing is pending.</summary>
    public bool Drain(int max, SessionStore sessions, IBufferWriter<byte> op)
    {
        var drained = new List<int>(Math.Min(max, _queue.Count));
        while (drained.Count < max && _queue.TryDequeue(out var slot))
        {
            ref var pending = ref CollectionsMarshal.GetValueRefOrNullRef(_bySlot, slot);
            if (Unsafe.IsNullRef(ref pending) || !pending.Queued) continue;
            pending.Queued = false;
            drained.Add(slot);
        }
        if (drained.Count == 0) return false;
        op.WriteByte((byte)OpCode.SessionTouches);
        op.WriteVarint((ulong)drained.Count);
        foreach (var slot in drained)
        {
            var pending = _bySlot[slot];
            op.WriteUInt128(SessionRecord.Id(sessions[slot]));
            op.WriteInt64(pending.LastActive);
            op.WriteByte((byte)(pending.Access ? TouchItem.HasAccess : 0));
            if (pending.Access)
            {
                op.WriteBytes(pending.Ip);
                op.WriteBytes(pending.UserAgent);
            }
        }
        return true;
    }

    private ref Pending Take(int slot, long now)
    {
        ref var pending = ref CollectionsMarshal.GetValueRefOrAddDefault(_bySlot, slot, out _);
        if (!pending.Queued)
        {
            pending.Queued = true;
            _queue.Enqueue(slot);
        }
        pending.LastActive = Math.Max(pending.LastActive, now);
        return ref pending;
    }

    private struct Pending
    {
        public long LastActive;
        public byte[]? Ip;
        public byte[]? UserAgent;
        public bool Access;
        public bool Queued;
    }
}
