using System.Buffers;
using TokMesh.State.Ids;
using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Queries;

/// <summary>
/// Writes the queries. A query about one session or token whose record lives in another shard is answered with the
/// <see cref="NamePointer"/> held for it: ask the shard of its user.
/// </summary>
public static class QueryForms
{
    /// <summary>Reply: Session; SESS-4040, SESS-4041.</summary>
    public static void GetSession(IBufferWriter<byte> output, SessionId id) => Write(output, QueryCode.GetSession, id);

    /// <summary>
    /// Reply: Session; TOKN-4010, TOKN-4011, TOKN-4012. With <paramref name="touch"/>, through
    /// <see cref="ShardState.LeaderQuery"/>, last_active and last_access_* move.
    /// </summary>
    /// <param name="output">Takes the query.</param>
    /// <param name="token">The token's hash.</param>
    /// <param name="touch">Whether the validation counts as an access.</param>
    /// <param name="ip">The client's address, <see cref="IpBytes"/>.</param>
    /// <param name="userAgent">UTF-8, at most 512 bytes.</param>
    public static void ValidateToken(IBufferWriter<byte> output, TokenHash token, bool touch = false,
        ReadOnlySpan<byte> ip = default, ReadOnlySpan<byte> userAgent = default)
    {
        output.WriteByte((byte)QueryCode.ValidateToken);
        output.WriteUInt128(token.High);
        output.WriteUInt128(token.Low);
        output.WriteByte((byte)(touch ? 1 : 0));
        output.WriteBytes(ip);
        output.WriteBytes(userAgent);
    }

    /// <summary>
    /// Reply: Session with its new last_active; SESS-4040, SESS-4041. Touches through <see cref="ShardState.LeaderQuery"/> only.
    /// </summary>
    public static void Touch(IBufferWriter<byte> output, SessionId id) => Write(output, QueryCode.Touch, id);

    /// <summary>Reply: Integer, milliseconds left; -1 no expiry, -2 no such session.</summary>
    public static void SessionTtl(IBufferWriter<byte> output, SessionId id) => Write(output, QueryCode.SessionTtl, id);

    /// <summary>
    /// Reply: Integer, how many of the ids live here, repeated ones counted again; or, when pointers are held for some, an
    /// Array: that Integer, then a NamePointer each.
    /// </summary>
    public static void SessionsExist(IBufferWriter<byte> output, params ReadOnlySpan<SessionId> ids)
    {
        output.WriteByte((byte)QueryCode.SessionsExist);
        output.WriteVarint((ulong)ids.Length);
        foreach (var id in ids) output.WriteUInt128(id.Ulid.Value);
    }

    /// <summary>Reply: Integer, the live keys, the live sessions, or both.</summary>
    public static void Count(IBufferWriter<byte> output, bool keys, bool sessions)
    {
        output.WriteByte((byte)QueryCode.Count);
        output.WriteByte((byte)((keys ? 1 : 0) | (sessions ? 2 : 0)));
    }

    /// <summary>GET. Reply: Bulk or Nil.</summary>
    public static void Get(IBufferWriter<byte> output, ReadOnlySpan<byte> key) => Write(output, QueryCode.KeyGet, key);

    /// <summary>GET of a value that may be large. Reply: Bulk or Nil; or Integer, how long it is, when it is longer than <paramref name="most"/> bytes.</summary>
    public static void GetWithin(IBufferWriter<byte> output, ReadOnlySpan<byte> key, int most)
    {
        output.WriteByte((byte)QueryCode.KeyGetWithin);
        output.WriteVarint((ulong)most);
        output.WriteBytes(key);
    }

    /// <summary>The query that <see cref="GetWithin"/> wrote, with another bound.</summary>
    public static void GetWithin(IBufferWriter<byte> output, ReadOnlyMemory<byte> query, int most)
    {
        var reader = new WireReader(query.Span[1..]);
        reader.Varint();
        GetWithin(output, reader.Bytes(), most);
    }

    /// <summary>
    /// MGET of values that may be large. Reply: Array of Bulk or Nil; KEYS-4007 when they are more than <paramref name="most"/> bytes
    /// together. Call <see cref="KeyItem"/> count times after this.
    /// </summary>
    public static void MGetWithin(IBufferWriter<byte> output, int count, int most)
    {
        output.WriteByte((byte)QueryCode.KeyMGetWithin);
        output.WriteVarint((ulong)most);
        output.WriteVarint((ulong)count);
    }

    /// <summary>MGET. Reply: Array of Bulk or Nil. Call <see cref="KeyItem"/> count times after this.</summary>
    public static void MGet(IBufferWriter<byte> output, int count) => Write(output, QueryCode.KeyMGet, count);

    /// <summary>Reply: Versioned or Nil.</summary>
    public static void GetWithVersion(IBufferWriter<byte> output, ReadOnlySpan<byte> key) => Write(output, QueryCode.KeyGetWithVersion, key);

    /// <summary>STRLEN. Reply: Integer, 0 for no key.</summary>
    public static void Strlen(IBufferWriter<byte> output, ReadOnlySpan<byte> key) => Write(output, QueryCode.KeyStrlen, key);

    /// <summary>EXISTS. Reply: Integer; repeated keys count again. Call <see cref="KeyItem"/> count times after this.</summary>
    public static void Exists(IBufferWriter<byte> output, int count) => Write(output, QueryCode.KeyExists, count);

    /// <summary>The next key of a <see cref="MGet"/> or <see cref="Exists"/>.</summary>
    public static void KeyItem(IBufferWriter<byte> output, ReadOnlySpan<byte> key) => output.WriteBytes(key);

    /// <summary>PTTL. Reply: Integer, milliseconds; -1 no expiry, -2 no key.</summary>
    public static void PTtl(IBufferWriter<byte> output, ReadOnlySpan<byte> key) => Write(output, QueryCode.KeyPTtl, key);

    /// <summary>PEXPIRETIME. Reply: Integer, Unix milliseconds; -1 no expiry, -2 no key.</summary>
    public static void PExpireTime(IBufferWriter<byte> output, ReadOnlySpan<byte> key) => Write(output, QueryCode.KeyPExpireTime, key);

    /// <summary>TYPE. Reply: Bulk, <c>string</c> or <c>none</c>.</summary>
    public static void Type(IBufferWriter<byte> output, ReadOnlySpan<byte> key) => Write(output, QueryCode.KeyType, key);

    /// <summary>
    /// SCAN. Reply: ScanPage. What is there from the call with cursor 0 to the page with cursor 0 is returned at least once,
    /// on whichever replica the pages are read.
    /// </summary>
    /// <param name="output">Takes the query.</param>
    /// <param name="cursor">0, or the last page's; below 2^33.</param>
    /// <param name="count">How many elements to look at, about.</param>
    /// <param name="match">A <see cref="GlobPattern"/>; empty for all.</param>
    /// <param name="type">A type's name; empty for all.</param>
    /// <param name="includeSessions">Whether session ids are part of the scan.</param>
    public static void Scan(IBufferWriter<byte> output, ulong cursor, int count, ReadOnlySpan<byte> match = default,
        ReadOnlySpan<byte> type = default, bool includeSessions = false)
    {
        output.WriteByte((byte)QueryCode.Scan);
        output.WriteVarint(cursor);
        output.WriteVarint((ulong)Math.Max(1, count));
        output.WriteByte((byte)(includeSessions ? 1 : 0));
        output.WriteBytes(match);
        output.WriteBytes(type);
    }

    /// <summary>Reply: NamePointer or Nil.</summary>
    public static void LookupName(IBufferWriter<byte> output, Name name)
    {
        output.WriteByte((byte)QueryCode.LookupName);
        name.Write(output);
    }

    /// <summary>
    /// Reply: NamePointerList, pointers still Reserved past their time. The leader resolves each in its user's shard, then
    /// confirms or releases it.
    /// </summary>
    public static void UnconfirmedNames(IBufferWriter<byte> output, int limit) => Write(output, QueryCode.UnconfirmedNames, limit);

    /// <summary>Reply: Outbox, the oldest items. The leader does each and strikes it off (<see cref="NameOps.OutboxDone"/>).</summary>
    public static void Outbox(IBufferWriter<byte> output, int limit) => Write(output, QueryCode.Outbox, limit);

    private static void Write(IBufferWriter<byte> output, QueryCode code, SessionId id)
    {
        output.WriteByte((byte)code);
        output.WriteUInt128(id.Ulid.Value);
    }

    private static void Write(IBufferWriter<byte> output, QueryCode code, ReadOnlySpan<byte> key)
    {
        output.WriteByte((byte)code);
        output.WriteBytes(key);
    }

    private static void Write(IBufferWriter<byte> output, QueryCode code, int count)
    {
        output.WriteByte((byte)code);
        output.WriteVarint((ulong)count);
    }
}
