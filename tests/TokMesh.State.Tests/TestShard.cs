using System.Buffers;
using System.Text;
using TokMesh.State.Data;
using TokMesh.State.Entries;
using TokMesh.State.Ids;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

/// <summary>A shard with an origin that numbers its operations, a clock that the test moves, and replies as text.</summary>
public sealed class TestShard : IApplySink
{
    public const ulong Origin = 7;

    private readonly List<string> _replies = [];
    private readonly EntryBuilder _entry = new(OpFormat.IsWellFormed);
    private ulong _seq;

    public ShardState State { get; private set; } = new();

    public long Now { get; set; } = 1_000_000;

    public List<byte[]> Log { get; } = [];

    public static byte[] Bytes(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }

    public static byte[] U(string text) => Encoding.UTF8.GetBytes(text);

    public static SessionId Id(int n) => new(new Ulid(((UInt128)0x0123456789ABul << 80) | (UInt128)(uint)n));

    public static ApiKeyId Key(int n) => new(new Ulid((UInt128)(uint)n));

    public static TokenHash Token(string token) => TokenHash.OfToken(token);

    public static CreateSession Session(int n, string user = "u1", long ttl = 60_000, string? token = null, int quota = 0)
        => new() { Id = Id(n), Token = Token(token ?? $"token-{n}"), UserId = U(user), TtlMs = ttl, QuotaLimit = quota };

    public void Tombstones(int capacity) => State = new ShardState(new ShardData(capacity));

    public string Do(Action<IBufferWriter<byte>> op)
    {
        _entry.Start(Now);
        _entry.Append(Origin, _seq, ++_seq, Bytes(op));
        return Apply(_entry.Written.ToArray())[0];
    }

    public string Create(CreateSession create) => Do(o => SessionOps.Create(o, create));

    public string Sweep(int limit = 1000) => Do(o => SessionOps.ExpireSweep(o, limit));

    public IReadOnlyList<string> Apply(byte[] entry)
    {
        _replies.Clear();
        Log.Add(entry);
        State.Apply(State.AppliedIndex + 1, entry, this);
        return [.. _replies];
    }

    public string Read(Action<IBufferWriter<byte>> query) => Show.Reply(Bytes(o => State.Query(Bytes(query), Now, o)));

    public string Lead(Action<IBufferWriter<byte>> query) => Show.Reply(Bytes(o => State.LeaderQuery(Bytes(query), Now, o)));

    public string Get(string key) => Read(q => QueryForms.Get(q, U(key)));

    public string Set(string key, string value, SetFlags flags = SetFlags.None, ExpiryMode mode = ExpiryMode.None, long ms = 0, ulong? ifVersion = null)
        => Do(o => KeyOps.Set(o, U(key), U(value), flags, mode, ms, ifVersion));

    public string GetSession(int n) => Read(q => QueryForms.GetSession(q, Id(n)));

    public string Validate(string token) => Read(q => QueryForms.ValidateToken(q, Token(token)));

    /// <summary>Through a snapshot and back, as a restart does.</summary>
    public void Restart() => State = RoundTrip(State);

    public static ShardState RoundTrip(ShardState state)
    {
        var snapshot = Bytes(state.WriteSnapshot);
        var read = ShardState.ReadSnapshot(new ReadOnlySequence<byte>(snapshot));
        Assert.Equal(state.Digest(), read.Digest());
        Assert.Equal(state.AppliedIndex, read.AppliedIndex);
        return read;
    }

    void IApplySink.Applied(ulong origin, ulong seq, ReadOnlySpan<byte> reply) => _replies.Add(Show.Reply(reply.ToArray()));
}
