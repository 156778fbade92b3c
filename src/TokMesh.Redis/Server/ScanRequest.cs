using System.Globalization;
using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Placement;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Protocol;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Redis.Server;

/// <summary>
/// SCAN (https://redis.io/commands/scan) over all shards, one after the other. The cursor is <c>shard &lt;&lt; 33 | the shard's own
/// cursor</c>, so it stays valid on every node; 0 begins and ends. Plain keys and session ids are returned.
/// </summary>
internal sealed class ScanRequest
{
    private const int ShardShift = 33;

    /// <summary>Most shards asked by one command: a sparse store must not make it slow.</summary>
    private const int MaxShards = 64;

    private readonly int _shards;
    private int _count = 10;
    private byte[] _match = [];
    private byte[] _type = [];

    private ScanRequest(ulong cursor, int shards) => (Cursor, _shards) = (cursor, shards);

    /// <summary>Where it stands.</summary>
    public ulong Cursor { get; private set; }

    /// <summary>What it has found.</summary>
    public List<byte[]> Names { get; } = [];

    /// <summary>Reads the command; the error to answer if it cannot be.</summary>
    public static string? Read(byte[][] words, int shards, out ScanRequest scan)
    {
        var valid = ulong.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var cursor);
        scan = new ScanRequest(cursor, shards);
        if (!valid) return "ERR invalid cursor";
        for (var i = 2; i < words.Length; i += 2)
        {
            var last = i + 1 == words.Length;
            if (!last && Words.Is(words[i], "count"u8))
            {
                if (!RedisInteger.TryParse(words[i + 1], out var count)) return ErrorReplies.NotAnInteger;
                if (count < 1) return ErrorReplies.Syntax;
                scan._count = (int)Math.Min(count, 1 << 24);
            }
            else if (!last && Words.Is(words[i], "match"u8)) scan._match = words[i + 1];
            else if (!last && Words.Is(words[i], "type"u8)) scan._type = Encoding.ASCII.GetBytes(Encoding.Latin1.GetString(words[i + 1]).ToLowerInvariant());
            else return ErrorReplies.Syntax;
        }
        return null;
    }

    /// <summary>Looks on from the cursor until enough was found; the first failure otherwise.</summary>
    public async ValueTask<StoreReply?> RunAsync(CommandScope scope)
    {
        var shard = Cursor >> ShardShift;
        var inner = Cursor & ((1ul << ShardShift) - 1);
        for (var asked = 0; asked < MaxShards && shard < (ulong)_shards && Names.Count < _count; asked++)
        {
            var from = inner;
            var reply = await scope.FrontEnd.Store.ReadAsync(new ShardId((uint)shard).Group,
                b => QueryForms.Scan(b, from, _count - Names.Count, _match, _type, includeSessions: true), scope.Client.Consistency, scope.DeadlineMs);
            if (!reply.IsOk) return reply;
            inner = Take(reply);
            if (inner == 0) shard++;
        }
        Cursor = shard < (ulong)_shards ? (shard << ShardShift) | inner : 0;
        return null;
    }

    private ulong Take(StoreReply reply)
    {
        var reader = new ReplyReader(reply.Body.Span);
        reader.ScanPage(out var cursor, out var count);
        for (; count > 0; count--) Names.Add(reader.NextName().ToArray());
        return cursor;
    }
}
