using System.Buffers;
using TokMesh.State.Dedup;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.State.Data;

/// <summary>Everything a shard holds that is replicated. What is not in here is not in a snapshot or a digest.</summary>
internal sealed class ShardData(int tombstoneCapacity)
{
    public ulong AppliedIndex { get; set; }

    /// <summary>Time of the last entry, Unix ms; never goes back.</summary>
    public long Time { get; set; }

    /// <summary>The version of the last key write; each write takes the next, so a version never comes twice.</summary>
    public ulong KeyVersion { get; set; }

    public SessionStore Sessions { get; } = new();

    public Tombstones Tombstones { get; } = new(tombstoneCapacity);

    public KeyStore Keys { get; } = new();

    public NameTable Names { get; } = new();

    public Outbox Outbox { get; } = new();

    public OriginTable Origins { get; } = new();

    /// <summary>
    /// What is said of a session that does not live here: the pointer that leads to it, else "expired" while that is known,
    /// else "not found". A pointer goes first: it is younger than whatever died here under the same id.
    /// </summary>
    public void ReplyAbsent(UInt128 id, bool stillHere, long now, IBufferWriter<byte> reply)
    {
        if (Names.Find(Name.Of(new SessionId(new Ulid(id)))) is { } pointer)
        {
            ReplyWriter.Pointer(reply, pointer);
            return;
        }
        var dead = stillHere ? -1 : Tombstones.FindId(id);
        var expired = stillHere
            || (dead >= 0 && Tombstones.At(dead) is { Expired: true } tombstone && tombstone.DiedAt + Tombstones.MemoryMs > now);
        ReplyWriter.Error(reply, expired ? ErrorCode.SessionExpired : ErrorCode.SessionNotFound);
    }
}
