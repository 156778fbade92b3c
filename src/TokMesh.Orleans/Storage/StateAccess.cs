using System.Globalization;
using Orleans.Storage;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Nodes;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Storage;

/// <summary>The keys of one state during one operation of the provider, and what the store's answers mean to it.</summary>
internal sealed class StateAccess(StoreClient store, StateKeys keys, long deadlineMs)
{
    private const int AtOnce = 4;

    /// <summary>The head and its version; <see cref="StateHead.None"/> and 0 when there is none.</summary>
    /// <exception cref="TokMeshStorageException">It cannot be read.</exception>
    public async Task<(StateHead Head, ulong Version)> ReadHeadAsync()
    {
        var reply = await store.ReadAsync(keys.Group, b => QueryForms.GetWithVersion(b, keys.Head), Consistency.Linearizable, deadlineMs);
        if (!reply.IsOk) throw NotRead(reply);
        if (reply.Tag == ReplyTag.Nil) return (StateHead.None, 0);
        var value = new ReplyReader(reply.Body.Span).Versioned(out var version, out _);
        var head = StateHead.TryDecode(value.ToArray())
            ?? throw new TokMeshStorageException($"{Codes.Storage}: the state's key holds something else. Look who else writes keys that begin with orleans/.");
        return (head, version);
    }

    /// <summary>A large state; null when a piece is gone, which is normal if the head has been replaced meanwhile.</summary>
    /// <exception cref="TokMeshStorageException">It cannot be read.</exception>
    public async Task<byte[]?> ReadChunksAsync(Generation generation, long length)
    {
        var state = new byte[length];
        var offset = 0;
        foreach (var batch in Enumerable.Range(0, generation.Chunks).Chunk(AtOnce))
        {
            var reading = batch.Select(n => store.ReadAsync(keys.Group, b => QueryForms.Get(b, keys.Chunk(generation, n)), Consistency.Linearizable, deadlineMs).AsTask());
            foreach (var reply in await Task.WhenAll(reading))
            {
                if (!reply.IsOk) throw NotRead(reply);
                if (reply.Tag == ReplyTag.Nil) return null;
                var piece = new ReplyReader(reply.Body.Span).Bulk();
                if (piece.Length > state.Length - offset) return null;
                piece.CopyTo(state.AsSpan(offset));
                offset += piece.Length;
            }
        }
        return offset == length ? state : null;
    }

    /// <summary>Writes the pieces of a pending generation.</summary>
    /// <exception cref="TokMeshStorageException">Not all of them are certainly there; the state is as it was.</exception>
    public async Task WriteChunksAsync(Generation generation, ReadOnlyMemory<byte> state, int chunkBytes)
    {
        foreach (var batch in Enumerable.Range(0, generation.Chunks).Chunk(AtOnce))
        {
            var writing = batch.Select(n =>
            {
                var piece = state.Slice(n * chunkBytes, Math.Min(chunkBytes, state.Length - (n * chunkBytes)));
                return store.WriteAsync(keys.Group, b => KeyOps.Set(b, keys.Chunk(generation, n), piece.Span), deadlineMs).AsTask();
            });
            foreach (var reply in await Task.WhenAll(writing))
                if (!reply.IsOk) throw NotWritten(reply);
        }
    }

    /// <summary>Replaces the head of a version; its new version.</summary>
    /// <exception cref="InconsistentStateException">The stored version is another, or it is not known whether the head was replaced.</exception>
    /// <exception cref="TokMeshStorageException">It was certainly not replaced.</exception>
    public async Task<ulong> ReplaceHeadAsync(StateHead head, ulong ifVersion, string? etag)
    {
        var value = head.Encode();
        var reply = await store.WriteAsync(keys.Group, b => KeyOps.Set(b, keys.Head, value, SetFlags.GetVersion, ifVersion: ifVersion), deadlineMs);
        ThrowUnlessDone(reply, etag);
        return (ulong)new ReplyReader(reply.Body.Span).Integer();
    }

    /// <summary>Deletes the head of a version.</summary>
    /// <exception cref="InconsistentStateException">The stored version is another, or it is not known whether the head was deleted.</exception>
    /// <exception cref="TokMeshStorageException">It was certainly not deleted.</exception>
    public async Task DeleteHeadAsync(ulong ifVersion, string? etag) =>
        ThrowUnlessDone(await store.WriteAsync(keys.Group, b => KeyOps.DelIfVersion(b, keys.Head, ifVersion), deadlineMs), etag);

    /// <summary>Deletes the pieces of generations that no head can make current any more; false when that is not certain.</summary>
    public async Task<bool> DeleteChunksAsync(IReadOnlyList<Leftover> leftovers)
    {
        if (leftovers.Count == 0) return true;
        var reply = await store.WriteAsync(keys.Group, b =>
        {
            KeyOps.Del(b, leftovers.Sum(static l => l.Generation.Chunks));
            foreach (var leftover in leftovers)
                for (var n = 0; n < leftover.Generation.Chunks; n++) KeyOps.KeyItem(b, keys.Chunk(leftover.Generation, n));
        }, deadlineMs);
        return reply.IsOk;
    }

    internal static void ThrowUnlessDone(in StoreReply reply, string? etag)
    {
        if (reply.IsOk) return;
        if (reply.Error == ErrorCode.KeyVersionConflict)
        {
            var stored = ulong.Parse(reply.Detail, NumberStyles.None, CultureInfo.InvariantCulture);
            throw new InconsistentStateException("The state was written by somebody else since it was read.", new StateTag(stored, false).ToEtag(), etag);
        }
        // Not success, and not failure: the only safe way on is to read, which this exception makes Orleans do.
        if (reply.Verdict is Verdict.Unknown or Verdict.ReplyLost)
            throw new InconsistentStateException("No answer in time: the state may have been written or not, and must be read again.", null, etag);
        throw NotWritten(reply);
    }

    private static TokMeshStorageException NotRead(in StoreReply reply) => new($"{reply.Error.ToText()}: the state could not be read. {reply.Detail}");

    private static TokMeshStorageException NotWritten(in StoreReply reply) =>
        new($"{reply.Error.ToText()}: the state was not written and is as it was; try again. {reply.Detail}");
}
