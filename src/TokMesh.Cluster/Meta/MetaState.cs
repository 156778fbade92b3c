using System.Buffers;
using System.Text.Json;
using TokMesh.State;

namespace TokMesh.Cluster;

/// <summary>What meta holds besides the genesis: the API keys. Immutable; replaced as a whole, so that any thread may read it.</summary>
public sealed record MetaView
{
    /// <summary>Before meta has applied anything on this node.</summary>
    public static readonly MetaView Empty = new();

    /// <summary>By key id.</summary>
    public IReadOnlyDictionary<string, ApiKey> ApiKeys { get; init; } = new SortedDictionary<string, ApiKey>(StringComparer.Ordinal);

    /// <summary>The entry that made it.</summary>
    public ulong AppliedIndex { get; init; }
}

/// <summary>Operations and queries of meta. First bytes are in the log: numbers may only grow.</summary>
public static class MetaOps
{
    internal const byte PutApiKeyOp = 1;
    internal const byte ListApiKeysQuery = 1;

    /// <summary>
    /// Stores a key if the stored one's version is the one before it; a new key has version 1. Reply: Ok, or TM-SESS-4091 when the
    /// stored version is another.
    /// </summary>
    public static byte[] PutApiKey(ApiKey key) => [PutApiKeyOp, .. JsonSerializer.SerializeToUtf8Bytes(key, MetaJson.Default.ApiKey)];

    /// <summary>All keys. Reply: Bulk, read it with <see cref="ReadApiKeys"/>.</summary>
    public static byte[] ListApiKeys() => [ListApiKeysQuery];

    /// <summary>Reads the reply to <see cref="ListApiKeys"/>.</summary>
    public static IReadOnlyList<ApiKey> ReadApiKeys(ReadOnlySpan<byte> bulk) => JsonSerializer.Deserialize(bulk, MetaJson.Default.ListApiKey) ?? [];
}

/// <summary>The state machine of meta.</summary>
internal sealed class MetaState : IGroupState
{
    private readonly Action<MetaView> _changed;
    private SortedDictionary<string, ApiKey> _keys = new(StringComparer.Ordinal);

    public MetaState(Action<MetaView> changed) => _changed = changed;

    public MetaState(Action<MetaView> changed, ReadOnlySpan<byte> snapshot)
        : this(changed)
    {
        foreach (var key in MetaOps.ReadApiKeys(snapshot)) _keys.Add(key.KeyId, key);
        Publish(0);
    }

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
        if (query is [MetaOps.ListApiKeysQuery]) ReplyWriter.Bulk(reply, Serialize());
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

    private byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes([.. _keys.Values], MetaJson.Default.ListApiKey);

    private void Publish(ulong index) => _changed(new MetaView { ApiKeys = _keys, AppliedIndex = index });
}
