using Microsoft.Extensions.Logging;
using Orleans.Serialization.Serializers;
using Orleans.Storage;
using TokMesh.Cluster.Errors;
using TokMesh.Orleans.Nodes;

namespace TokMesh.Orleans.Storage;

/// <summary>
/// Grain state in TokMesh's keyspace, through the silo's own node. An ETag is the version of the state's key in its shard's log: a write
/// happens exactly when nobody has written since the state was read. See <see cref="StateKeys"/> for the names and <see cref="StateHead"/>
/// for how large states are written.
/// </summary>
public sealed partial class TokMeshGrainStorage : IGrainStorage
{
    private readonly string _name;
    private readonly string _service;
    private readonly TokMeshGrainStorageOptions _options;
    private readonly NodeAccess _access;
    private readonly IActivatorProvider _activators;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    internal TokMeshGrainStorage(string name, string service, TokMeshGrainStorageOptions options, NodeAccess access, IActivatorProvider activators,
        TimeProvider time, ILogger<TokMeshGrainStorage> log)
    {
        _name = name;
        _service = service;
        _options = options;
        _access = access;
        _activators = activators;
        _time = time;
        _log = log;
    }

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    /// <exception cref="TokMeshStorageException">The state cannot be read.</exception>
    /// <exception cref="NodeNotReadyException">The node is still starting.</exception>
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var access = Open(stateName, grainId);
        ulong missing = 0;
        while (true)
        {
            var (head, version) = await access.ReadHeadAsync();
            var bytes = head.Inline;
            if (head.Current is { } current)
            {
                if (await access.ReadChunksAsync(current, head.Length) is not { } pieces)
                {
                    // A writer replaces the head before it deletes what the old one named: with the same head, pieces cannot be gone.
                    if (missing == version) throw new TokMeshStorageException($"{Codes.Storage}: pieces of a state of {grainId.Type} are missing. Restore it from a backup.");
                    missing = version;
                    continue;
                }
                bytes = pieces;
            }
            grainState.ETag = new StateTag(version, head.HasMore).ToEtag();
            grainState.RecordExists = bytes is not null;
            grainState.State = bytes is { } state ? _options.GrainStorageSerializer.Deserialize<T>(new BinaryData(state))! : Empty<T>();
            return;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InconsistentStateException">The stored state is another, or it is not known whether it was written.</exception>
    /// <exception cref="TokMeshStorageException">It was certainly not written.</exception>
    /// <exception cref="NodeNotReadyException">The node is still starting.</exception>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var access = Open(stateName, grainId);
        var bytes = _options.GrainStorageSerializer.Serialize(grainState.State).ToMemory();
        if (bytes.Length > _options.ChunkBytes) await WriteLargeAsync(access, bytes, grainState);
        else await WriteSmallAsync(access, bytes, grainState);
        grainState.RecordExists = true;
    }

    /// <inheritdoc/>
    /// <exception cref="InconsistentStateException">The stored state is another, or it is not known whether it was cleared.</exception>
    /// <exception cref="TokMeshStorageException">It was certainly not cleared.</exception>
    /// <exception cref="NodeNotReadyException">The node is still starting.</exception>
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var access = Open(stateName, grainId);
        var etag = grainState.ETag;
        var tag = StateTag.Parse(etag);
        if (tag.HasMore)
        {
            // An empty head first: it names what must be deleted in case this goes no further.
            var (before, deleted) = await LookIntoAsync(access, tag, etag);
            var head = StateHead.None with { Leftovers = before.LeftoversAfter(NowMs, deleted, keepsCurrent: false) };
            tag = new StateTag(await access.ReplaceHeadAsync(head, tag.Version, etag), head.HasMore);
            SetEmpty(grainState, tag);
            var now = NowMs;
            if (!await DeleteAsync(access, head.Leftovers) || head.Leftovers.Any(l => l.LateUntilMs > now)) return;
            try
            {
                await access.DeleteHeadAsync(tag.Version, etag);
            }
            catch (TokMeshStorageException)
            {
                // The state is cleared; that an empty head is still there is no failure.
                return;
            }
        }
        else
        {
            await access.DeleteHeadAsync(tag.Version, etag);
        }
        SetEmpty(grainState, default);
    }

    private async Task WriteSmallAsync<T>(StateAccess access, ReadOnlyMemory<byte> bytes, IGrainState<T> grainState)
    {
        var etag = grainState.ETag;
        var tag = StateTag.Parse(etag);
        var (before, deleted) = tag.HasMore ? await LookIntoAsync(access, tag, etag) : (StateHead.None, true);
        var head = new StateHead { Inline = bytes, Leftovers = before.LeftoversAfter(NowMs, deleted, keepsCurrent: false) };
        grainState.ETag = new StateTag(await access.ReplaceHeadAsync(head, tag.Version, etag), head.HasMore).ToEtag();
        await DeleteAsync(access, head.Leftovers);
    }

    private async Task WriteLargeAsync<T>(StateAccess access, ReadOnlyMemory<byte> bytes, IGrainState<T> grainState)
    {
        var etag = grainState.ETag;
        var tag = StateTag.Parse(etag);
        var (before, deleted) = tag.Version == 0 ? (StateHead.None, true) : await LookIntoAsync(access, tag, etag);
        var generation = new Generation(Guid.NewGuid(), (bytes.Length + _options.ChunkBytes - 1) / _options.ChunkBytes);

        var intent = before with { Pending = generation, Leftovers = before.LeftoversAfter(NowMs, deleted, keepsCurrent: true) };
        var version = await access.ReplaceHeadAsync(intent, tag.Version, etag);
        // The state is the same under a new version: should the rest fail, this activation can write again.
        grainState.ETag = etag = new StateTag(version, true).ToEtag();

        await access.WriteChunksAsync(generation, bytes, _options.ChunkBytes);
        var head = new StateHead
        {
            Current = generation,
            Length = bytes.Length,
            Leftovers = (intent with { Pending = null }).LeftoversAfter(NowMs, deleted: false, keepsCurrent: false),
        };
        try
        {
            version = await access.ReplaceHeadAsync(head, version, etag);
        }
        catch (InconsistentStateException e) when (e.StoredEtag is not null)
        {
            // Overtaken: nobody will ever read these. When it is only not known, they may be what is read.
            await DeleteAsync(access, [new Leftover(generation, 0)]);
            throw;
        }
        grainState.ETag = new StateTag(version, true).ToEtag();
        await DeleteAsync(access, head.Leftovers);
    }

    /// <summary>The head that is about to be replaced, with its leftovers deleted if that could be done.</summary>
    private async Task<(StateHead Head, bool Deleted)> LookIntoAsync(StateAccess access, StateTag tag, string? etag)
    {
        var (head, version) = await access.ReadHeadAsync();
        if (version != tag.Version)
            throw new InconsistentStateException("The state was written by somebody else since it was read.", new StateTag(version, head.HasMore).ToEtag(), etag);
        return (head, await DeleteAsync(access, head.Leftovers));
    }

    private async Task<bool> DeleteAsync(StateAccess access, IReadOnlyList<Leftover> leftovers)
    {
        var deleted = await access.DeleteChunksAsync(leftovers);
        if (!deleted) LogLeftBehind(leftovers.Count);
        return deleted;
    }

    private StateAccess Open(string stateName, GrainId grainId)
    {
        var keys = new StateKeys(_service, _name, grainId, stateName, _access.Node.Bootstrap.ShardCount);
        if (keys.AreTooLong) throw new TokMeshStorageException($"{Codes.ArgumentInvalid}: the key of a grain of {grainId.Type} is too long to be stored under. Shorten it.");
        return new StateAccess(_access.Store, keys, _access.Node.NowMs + (long)_options.Deadline.TotalMilliseconds);
    }

    private void SetEmpty<T>(IGrainState<T> grainState, StateTag tag)
    {
        grainState.ETag = tag.ToEtag();
        grainState.State = Empty<T>();
        grainState.RecordExists = false;
    }

    private T Empty<T>() => _activators.GetActivator<T>().Create();

    [LoggerMessage(6201, LogLevel.Warning, "Pieces of {Generations} replaced grain states could not be deleted; the next write of the state deletes them")]
    private partial void LogLeftBehind(int generations);
}
