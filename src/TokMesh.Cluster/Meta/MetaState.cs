using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokMesh.Cluster.Placement;
using TokMesh.Cluster.States;
using TokMesh.State.Entries;
using TokMesh.State.Errors;
using TokMesh.State.Replies;

namespace TokMesh.Cluster.Meta;

/// <summary>What meta holds besides the bootstrap: API keys, and the cluster's shape. Immutable; replaced as a whole, so that any thread may read it.</summary>
public sealed record MetaView
{
    /// <summary>Before meta has applied anything on this node.</summary>
    public static readonly MetaView Empty = new();

    /// <summary>By key id.</summary>
    public IReadOnlyDictionary<string, ApiKey> ApiKeys { get; init; } = new SortedDictionary<string, ApiKey>(StringComparer.Ordinal);

    /// <summary>Members, and who holds which group.</summary>
    public ClusterMap Map { get; init; } = ClusterMap.Empty;

    /// <summary>Orleans' membership table.</summary>
    public SiloTable Silos { get; init; } = SiloTable.Empty;

    /// <summary>The entry that made it.</summary>
    public ulong AppliedIndex { get; init; }
}

/// <summary>Operations and queries of meta. First bytes are in the log: numbers may only grow.</summary>
public static class MetaOps
{
    internal const byte PutApiKeyOp = 1;
    internal const byte ChangeMapOp = 2;
    internal const byte ChangeSilosOp = 3;
    internal const byte ListApiKeysQuery = 1;
    internal const byte ReadMapQuery = 2;
    internal const byte ReadSilosQuery = 3;

    /// <summary>
    /// Stores a key if the stored one's version is the one before it; a new key has version 1. Reply: Ok, or TM-SESS-4091 when the
    /// stored version is another.
    /// </summary>
    public static byte[] PutApiKey(ApiKey key) => [PutApiKeyOp, .. JsonSerializer.SerializeToUtf8Bytes(key, MetaJson.Default.ApiKey)];

    /// <summary>All keys. Reply: Bulk, read it with <see cref="ReadApiKeys"/>.</summary>
    public static byte[] ListApiKeys() => [ListApiKeysQuery];

    /// <summary>
    /// Changes the map. Reply: Integer, the version the map has then; or TM-SESS-4091 with the current version when another one was
    /// asked for, TM-CLST-4090 when the change is not possible. What changes nothing keeps the version.
    /// </summary>
    public static byte[] ChangeMap(MapChange change) => [ChangeMapOp, .. JsonSerializer.SerializeToUtf8Bytes(change, MetaJson.Default.MapChange)];

    /// <summary>The map. Reply: Bulk, read it with <see cref="ReadMap(ReadOnlySpan{byte})"/>.</summary>
    public static byte[] ReadMap() => [ReadMapQuery];

    /// <summary>
    /// Changes Orleans' membership table. Reply: Integer, the version the table has then; or TM-SESS-4091 when the table, or the row, is not
    /// at the version the change is for.
    /// </summary>
    public static byte[] ChangeSilos(SiloChange change) => [ChangeSilosOp, .. JsonSerializer.SerializeToUtf8Bytes(change, MetaJson.Default.SiloChange)];

    /// <summary>Orleans' membership table. Reply: Bulk, read it with <see cref="ReadSilos(ReadOnlySpan{byte})"/>.</summary>
    public static byte[] ReadSilos() => [ReadSilosQuery];

    /// <summary>Reads the reply to <see cref="ReadSilos()"/>.</summary>
    public static SiloTable ReadSilos(ReadOnlySpan<byte> bulk) => JsonSerializer.Deserialize(bulk, MetaJson.Default.SiloTable) ?? SiloTable.Empty;

    /// <summary>Whether bytes are an operation of meta that this version can apply: one that is not must never reach the log, where it would stop every replica.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> op)
    {
        try
        {
            return op switch
            {
                [PutApiKeyOp, .. var json] => JsonSerializer.Deserialize(json, MetaJson.Default.ApiKey) is not null,
                [ChangeMapOp, .. var json] => JsonSerializer.Deserialize(json, MetaJson.Default.MapChange) is { } change && change.IsOne,
                [ChangeSilosOp, .. var json] => JsonSerializer.Deserialize(json, MetaJson.Default.SiloChange) is { } change && change.IsOne,
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
    private ClusterMap _map;
    private SiloTable _silos = SiloTable.Empty;

    /// <param name="began">The map as the bootstrap has it.</param>
    /// <param name="changed">Told every new view.</param>
    public MetaState(ClusterMap began, Action<MetaView> changed) => (_map, _changed) = (began, changed);

    public MetaState(ClusterMap began, Action<MetaView> changed, ReadOnlySpan<byte> snapshot)
        : this(began, changed)
    {
        // A snapshot of before there was a map is the list of keys alone.
        var stored = snapshot is [(byte)'[', ..] ? new MetaSnapshot(MetaOps.ReadApiKeys(snapshot), ClusterMap.Empty, null)
            : JsonSerializer.Deserialize(snapshot, MetaJson.Default.MetaSnapshot) ?? throw new CorruptSnapshotException("A snapshot of meta is null.");
        foreach (var key in stored.Keys) _keys.Add(key.KeyId, key);
        // One of before members and groups were in it says what was planned, and how often it had changed.
        _map = stored.Map.Members is { Count: > 0 } ? stored.Map : began with { Version = stored.Map.Version, Moves = stored.Map.Moves, Guests = stored.Map.Guests };
        _silos = stored.Silos ?? SiloTable.Empty;
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
        else if (query is [MetaOps.ReadSilosQuery]) ReplyWriter.Bulk(reply, JsonSerializer.SerializeToUtf8Bytes(_silos, MetaJson.Default.SiloTable));
        else ReplyWriter.Error(reply, ErrorCode.SysBadRequest);
    }

    public void LeaderQuery(ReadOnlySpan<byte> query, long wallMs, IBufferWriter<byte> reply) => Query(query, wallMs, reply);

    public void WriteSnapshot(IBufferWriter<byte> output) => output.Write(Serialize());

    public ulong Digest()
    {
        var body = Serialize();
        return ((ulong)MurmurHash3.Hash(body, 1) << 32) | MurmurHash3.Hash(body, 2);
    }

    public bool TryNextMaintenance(long wallMs, IBufferWriter<byte> operation) => false;

    public void MaintenanceFailed()
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
            var map = change.ApplyTo(_map, out var refusal, out var why);
            changed |= !ReferenceEquals(map, _map);
            _map = map;
            if (refusal != ErrorCode.None) ReplyWriter.Error(reply, refusal, why);
            else ReplyWriter.Integer(reply, (long)map.Version);
            return reply.WrittenSpan.ToArray();
        }
        if (op is [MetaOps.ChangeSilosOp, .. var silos])
        {
            var change = JsonSerializer.Deserialize(silos, MetaJson.Default.SiloChange) ?? throw new CorruptEntryException("A change of the silos is null.");
            if (change.ApplyTo(_silos) is { } table)
            {
                changed |= !table.Equals(_silos);
                _silos = table;
                ReplyWriter.Integer(reply, table.Version);
            }
            else ReplyWriter.Error(reply, ErrorCode.SessionVersionConflict, $"The table is at version {_silos.Version}.");
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

    private byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(new MetaSnapshot([.. _keys.Values], _map, _silos.Rows.Count == 0 && _silos.Version == 0 ? null : _silos), MetaJson.Default.MetaSnapshot);

    private void Publish(ulong index) => _changed(new MetaView { ApiKeys = _keys, Map = _map, Silos = _silos, AppliedIndex = index });
}

/// <summary>Meta's state as a snapshot holds it.</summary>
/// <param name="Keys">API keys.</param>
/// <param name="Map">Members, and who holds what.</param>
/// <param name="Silos">Orleans' membership table; null while nobody has used it.</param>
internal sealed record MetaSnapshot(IReadOnlyList<ApiKey> Keys, ClusterMap Map, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SiloTable? Silos = null);
