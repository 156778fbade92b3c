using System.Buffers;
using System.Text.Json;
using TokMesh.State;

namespace TokMesh.Cluster;

/// <summary>What meta holds besides the genesis: API keys, and the cluster's shape. Immutable; replaced as a whole, so that any thread may read it.</summary>
public sealed record MetaView
{
    /// <summary>Before meta has applied anything on this node.</summary>
    public static readonly MetaView Empty = new();

    /// <summary>By key id.</summary>
    public IReadOnlyDictionary<string, ApiKey> ApiKeys { get; init; } = new SortedDictionary<string, ApiKey>(StringComparer.Ordinal);

    /// <summary>Nodes that came later, and planned moves.</summary>
    public ClusterMap Map { get; init; } = ClusterMap.Empty;

    /// <summary>The entry that made it.</summary>
    public ulong AppliedIndex { get; init; }
}

/// <summary>Operations and queries of meta. First bytes are in the log: numbers may only grow.</summary>
public static class MetaOps
{
    internal const byte PutApiKeyOp = 1;
    internal const byte ChangeMapOp = 2;
    internal const byte ListApiKeysQuery = 1;
    internal const byte ReadMapQuery = 2;

    /// <summary>
    /// Stores a key if the stored one's version is the one before it; a new key has version 1. Reply: Ok, or TM-SESS-4091 when the
    /// stored version is another.
    /// </summary>
    public static byte[] PutApiKey(ApiKey key) => [PutApiKeyOp, .. JsonSerializer.SerializeToUtf8Bytes(key, MetaJson.Default.ApiKey)];

    /// <summary>All keys. Reply: Bulk, read it with <see cref="ReadApiKeys"/>.</summary>
    public static byte[] ListApiKeys() => [ListApiKeysQuery];

    /// <summary>
    /// Changes the map. Reply: Integer, the version the map has then; or TM-SESS-4091 with the current version when another one was
    /// asked for. What changes nothing keeps the version.
    /// </summary>
    public static byte[] ChangeMap(MapChange change) => [ChangeMapOp, .. JsonSerializer.SerializeToUtf8Bytes(change, MetaJson.Default.MapChange)];

    /// <summary>The map. Reply: Bulk, read it with <see cref="ReadMap(ReadOnlySpan{byte})"/>.</summary>
    public static byte[] ReadMap() => [ReadMapQuery];

    /// <summary>Whether bytes are an operation of meta that this version can apply: one that is not must never reach the log, where it would stop every replica.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> op)
    {
        try
        {
            return op switch
            {
                [PutApiKeyOp, .. var json] => JsonSerializer.Deserialize(json, MetaJson.Default.ApiKey) is not null,
                [ChangeMapOp, .. var json] => JsonSerializer.Deserialize(json, MetaJson.Default.MapChange) is { } change && change.IsOne,
                _ => false,
            };
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Reads the reply to <see cref="ReadMap()"/>.</summary>
    public static ClusterMap ReadMap(ReadOnlySpan<byte> bulk) => JsonSerializer.Deserialize(bulk, MetaJson.Default.ClusterMap) ?? ClusterMap.Empty;

    /// <summary>Reads the reply to <see cref="ListApiKeys"/>.</summary>
    public static IReadOnlyList<ApiKey> ReadApiKeys(ReadOnlySpan<byte> bulk) => JsonSerializer.Deserialize(bulk, MetaJson.Default.ListApiKey) ?? [];
}

/// <summary>The state machine of meta.</summary>
internal sealed class MetaState : IGroupState
{
    private readonly Action<MetaView> _changed;
    private SortedDictionary<string, ApiKey> _keys = new(StringComparer.Ordinal);
    private ClusterMap _map = ClusterMap.Empty;

    public MetaState(Action<MetaView> changed) => _changed = changed;

    public MetaState(Action<MetaView> changed, ReadOnlySpan<byte> snapshot)
        : this(changed)
    {
        // A snapshot of before there was a map is the list of keys alone.
        var stored = snapshot is [(byte)'[', ..] ? new MetaSnapshot(MetaOps.ReadApiKeys(snapshot), ClusterMap.Empty)
            : JsonSerializer.Deserialize(snapshot, MetaJson.Default.MetaSnapshot) ?? throw new CorruptSnapshotException("A snapshot of meta is null.");
        foreach (var key in stored.Keys) _keys.Add(key.KeyId, key);
        _map = stored.Map;
        Publish(0);
    }

    public bool DependsOnTime => false;

    public void Apply(ulong index, ReadOnlySpan<byte> entry, IApplySink sink)
    {
        var changed = false;
        var reader = new EntryReader(entry);
        while (reader.NextSection())
        {
            while (reader.NextOp(out var op)) sink.Applied(reader.Origin, reader.Seq, Apply(op, ref changed));
        }
        if (changed) Publish(index);
    }

    public void Query(ReadOnlySpan<byte> query, long wallMs, IBufferWriter<byte> reply)
    {
        if (query is [MetaOps.ListApiKeysQuery]) ReplyWriter.Bulk(reply, JsonSerializer.SerializeToUtf8Bytes([.. _keys.Values], MetaJson.Default.ListApiKey));
        else if (query is [MetaOps.ReadMapQuery]) ReplyWriter.Bulk(reply, JsonSerializer.SerializeToUtf8Bytes(_map, MetaJson.Default.ClusterMap));
        else ReplyWriter.Error(reply, ErrorCode.SysBadRequest);
    }

    public void LeaderQuery(ReadOnlySpan<byte> query, long wallMs, IBufferWriter<byte> reply) => Query(query, wallMs, reply);

    public void WriteSnapshot(IBufferWriter<byte> output) => output.Write(Serialize());

    public ulong Digest() => ((ulong)MurmurHash3.Hash(Serialize(), 1) << 32) | MurmurHash3.Hash(Serialize(), 2);

    public bool TryNextChore(long wallMs, IBufferWriter<byte> operation) => false;

    public void ChoreFailed()
    {
    }

    public void LeadershipLost()
    {
    }

    // A repeated operation finds its own version stored: it changes nothing, and says so as the first time.
    private byte[] Apply(ReadOnlySpan<byte> op, ref bool changed)
    {
        var reply = new ArrayBufferWriter<byte>();
        if (op is [MetaOps.ChangeMapOp, .. var json])
        {
            var change = JsonSerializer.Deserialize(json, MetaJson.Default.MapChange) ?? throw new CorruptEntryException("A change of the map is null.");
            if (change.IfVersion is { } wanted && wanted != _map.Version)
            {
                ReplyWriter.Error(reply, ErrorCode.SessionVersionConflict, $"The map is at version {_map.Version}.");
                return reply.WrittenSpan.ToArray();
            }
            var map = change.ApplyTo(_map);
            changed |= !ReferenceEquals(map, _map);
            _map = map;
            ReplyWriter.Integer(reply, (long)map.Version);
            return reply.WrittenSpan.ToArray();
        }
        if (op is not [MetaOps.PutApiKeyOp, ..]) throw new CorruptEntryException($"Operation {op[0]} of meta is not known to this version.");
        var key = JsonSerializer.Deserialize(op[1..], MetaJson.Default.ApiKey) ?? throw new CorruptEntryException("An API key is null.");
        _keys.TryGetValue(key.KeyId, out var stored);
        if (stored == key || key.Version == (stored?.Version ?? 0) + 1)
        {
            changed |= stored != key;
            // A new dictionary, since the published one is being read by others.
            _keys = new SortedDictionary<string, ApiKey>(_keys, StringComparer.Ordinal) { [key.KeyId] = key };
            ReplyWriter.Ok(reply);
        }
        else ReplyWriter.Error(reply, ErrorCode.SessionVersionConflict, $"The key is at version {stored?.Version ?? 0}.");
        return reply.WrittenSpan.ToArray();
    }

    private byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(new MetaSnapshot([.. _keys.Values], _map), MetaJson.Default.MetaSnapshot);

    private void Publish(ulong index) => _changed(new MetaView { ApiKeys = _keys, Map = _map, AppliedIndex = index });
}

/// <summary>Meta's state as a snapshot holds it.</summary>
internal sealed record MetaSnapshot(IReadOnlyList<ApiKey> Keys, ClusterMap Map);
