using System.Buffers;
using System.Text;
using System.Text.Json;
using TokMesh.Cluster.Sessions;
using TokMesh.State;
using TokMesh.State.Entries;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.Cluster.Tests;

public sealed class SessionJsonTests : IApplySink
{
    private static readonly SessionId Id = new(Ulid.Of(1_000_000, new byte[10]));
    private static readonly ApiKeyId Key = new(new Ulid(1));
    private readonly ShardState _shard = new();

    [Fact]
    public void The_external_object_has_the_contracts_thirteen_fields()
    {
        var entry = new EntryBuilder(OpFormat.IsWellFormed);
        entry.Start(1_000_000);
        entry.Append(7, 0, 1, Bytes(static o => SessionOps.Create(o, new CreateSession
        {
            Id = Id,
            Token = TokenHash.OfToken("t"),
            UserId = "üser"u8.ToArray(),
            DeviceId = "dev"u8.ToArray(),
            Ip = IpBytes.Of(System.Net.IPAddress.Parse("::ffff:10.1.2.3")),
            UserAgent = "agent"u8.ToArray(),
            CreatedBy = Key,
            TtlMs = 60_000,
            Data = SessionData.Encode([KeyValuePair.Create("k", "v")]),
        })));
        _shard.Apply(1, entry.Written.ToArray(), this);

        var whole = Json(SessionFields.All);
        Assert.Equal(["id", "user_id", "device_id", "ip_address", "user_agent", "last_access_ip", "last_access_ua", "created_by", "created_at", "expires_at", "last_active", "data", "version"],
            whole.EnumerateObject().Select(static p => p.Name));
        Assert.Equal("üser", whole.GetProperty("user_id").GetString());
        Assert.Equal("10.1.2.3", whole.GetProperty("ip_address").GetString());
        Assert.Equal("10.1.2.3", whole.GetProperty("last_access_ip").GetString());
        Assert.Equal(Key.ToString(), whole.GetProperty("created_by").GetString());
        Assert.Equal(1_000_000, whole.GetProperty("created_at").GetInt64());
        Assert.Equal(1, whole.GetProperty("version").GetInt32());
        Assert.Equal("v", whole.GetProperty("data").GetProperty("k").GetString());

        Assert.Null(SessionJson.TryReadFields("device_id, data", out var fields));
        Assert.Equal(["id", "user_id", "device_id", "expires_at", "last_active", "data", "version"], Json(fields).EnumerateObject().Select(static p => p.Name));
        Assert.Equal(ErrorCode.ArgumentInvalid, SessionJson.TryReadFields("id,token_hash", out _)!.Code);
    }

    void IApplySink.Applied(ulong origin, ulong seq, ReadOnlySpan<byte> reply) => Assert.False(new ReplyReader(reply).IsError);

    private JsonElement Json(SessionFields fields)
    {
        var reply = Bytes(o => _shard.Query(Bytes(static q => QueryForms.GetSession(q, Id)), 1_000_000, o));
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream)) SessionJson.Write(json, new ReplyReader(reply).Session(), fields);
        return JsonDocument.Parse(Encoding.UTF8.GetString(stream.ToArray())).RootElement;
    }

    private static byte[] Bytes(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }
}
