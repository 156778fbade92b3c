using System.Buffers;
using TokMesh.State.Data;
using TokMesh.State.Errors;
using TokMesh.State.Names;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Queries;

/// <summary>Leads each query to the code that answers it. Queries come from other nodes: what is malformed is answered so.</summary>
internal sealed class QueryDispatch
{
    private readonly ShardData _data;
    private readonly SessionQueries _sessions;
    private readonly SearchQuery _search;
    private readonly KeyQueries _keys;
    private readonly ScanQuery _scan;

    public QueryDispatch(ShardData data, TouchOverlay touches)
    {
        _data = data;
        _sessions = new SessionQueries(data, touches);
        _search = new SearchQuery(data, touches, _sessions);
        _keys = new KeyQueries(data);
        _scan = new ScanQuery(data);
    }

    public void Run(ReadOnlySpan<byte> query, long now, bool leader, IBufferWriter<byte> reply)
    {
        if (!IsWellFormed(query))
        {
            ReplyWriter.Error(reply, ErrorCode.SysBadRequest, "malformed query");
            return;
        }
        var reader = new WireReader(query[1..]);
        switch ((QueryCode)query[0])
        {
            case QueryCode.GetSession:
                _sessions.Get(reader.UInt128(), now, reply);
                break;
            case QueryCode.ValidateToken:
                _sessions.Validate(ref reader, now, leader, reply);
                break;
            case QueryCode.Touch:
                _sessions.Touch(reader.UInt128(), now, leader, reply);
                break;
            case QueryCode.SessionTtl:
                _sessions.Ttl(reader.UInt128(), now, reply);
                break;
            case QueryCode.SessionsExist:
                _sessions.Exist(ref reader, now, reply);
                break;
            case QueryCode.Search:
                _search.Run(ref reader, now, reply);
                break;
            case QueryCode.Count:
                ReplyWriter.Integer(reply, Count(reader.Byte(), now));
                break;
            case QueryCode.KeyGet:
                _keys.Get(reader.Bytes(), now, reply);
                break;
            case QueryCode.KeyGetWithin:
                _keys.GetWithin((int)Math.Min(reader.Varint(), int.MaxValue), reader.Bytes(), now, reply);
                break;
            case QueryCode.KeyMGetWithin:
                _keys.MGetWithin((int)Math.Min(reader.Varint(), int.MaxValue), ref reader, now, reply);
                break;
            case QueryCode.KeyMGet:
                _keys.MGet(ref reader, now, reply);
                break;
            case QueryCode.KeyGetWithVersion:
                _keys.GetWithVersion(reader.Bytes(), now, reply);
                break;
            case QueryCode.KeyStrlen:
                _keys.Strlen(reader.Bytes(), now, reply);
                break;
            case QueryCode.KeyExists:
                _keys.Exists(ref reader, now, reply);
                break;
            case QueryCode.KeyPTtl:
                _keys.Expiry(reader.Bytes(), now, now, reply);
                break;
            case QueryCode.KeyPExpireTime:
                _keys.Expiry(reader.Bytes(), now, 0, reply);
                break;
            case QueryCode.KeyType:
                _keys.Type(reader.Bytes(), now, reply);
                break;
            case QueryCode.Scan:
                _scan.Run(ref reader, now, reply);
                break;
            case QueryCode.LookupName:
                Lookup(Name.Read(ref reader), reply);
                break;
            case QueryCode.UnconfirmedNames:
                Unconfirmed(reader.Varint(), now, reply);
                break;
            case QueryCode.Outbox:
                Outbox(reader.Varint(), reply);
                break;
        }
    }

    /// <summary>Whether the fields are all there, so that no answer is begun that cannot be finished.</summary>
    private static bool IsWellFormed(ReadOnlySpan<byte> query)
    {
        if (query.IsEmpty) return false;
        var reader = new WireReader(query[1..]);
        switch ((QueryCode)query[0])
        {
            case QueryCode.GetSession or QueryCode.Touch or QueryCode.SessionTtl:
                reader.Take(16);
                break;
            case QueryCode.SessionsExist:
                for (var count = reader.Count(); count > 0; count--) reader.Take(16);
                break;
            case QueryCode.ValidateToken or QueryCode.Search or QueryCode.Scan:
                return true; // These look at all of their fields before they write.
            case QueryCode.Count:
                reader.Byte();
                break;
            case QueryCode.KeyGet or QueryCode.KeyGetWithVersion or QueryCode.KeyStrlen or QueryCode.KeyPTtl
                or QueryCode.KeyPExpireTime or QueryCode.KeyType:
                reader.Bytes();
                break;
            case QueryCode.KeyGetWithin:
                reader.Varint();
                reader.Bytes();
                break;
            case QueryCode.KeyMGetWithin:
                reader.Varint();
                goto case QueryCode.KeyMGet;
            case QueryCode.KeyMGet:
            case QueryCode.KeyExists:
                for (var count = reader.Count(); count > 0; count--) reader.Bytes();
                break;
            case QueryCode.LookupName:
                Name.Read(ref reader);
                break;
            case QueryCode.UnconfirmedNames or QueryCode.Outbox:
                reader.Varint();
                break;
            default:
                return false;
        }
        return reader.AtEnd;
    }

    private long Count(int what, long now)
        => ((what & 1) == 0 ? 0 : _data.Keys.Count - _data.Keys.CountExpired(now))
            + ((what & 2) == 0 ? 0 : _data.Sessions.Count - _data.Sessions.CountExpired(now));

    private void Lookup(Name name, IBufferWriter<byte> reply)
    {
        if (_data.Names.Find(name) is { } pointer) ReplyWriter.Pointer(reply, pointer);
        else ReplyWriter.Nil(reply);
    }

    private void Unconfirmed(ulong limit, long now, IBufferWriter<byte> reply)
    {
        var found = _data.Names.Unconfirmed(now, (int)Math.Min(limit, int.MaxValue));
        ReplyWriter.ListHead(reply, ReplyTag.NamePointerList, found.Count);
        foreach (var pointer in found) pointer.Write(reply);
    }

    private void Outbox(ulong limit, IBufferWriter<byte> reply)
    {
        var count = (int)Math.Min(limit, (ulong)_data.Outbox.Count);
        ReplyWriter.ListHead(reply, ReplyTag.Outbox, count);
        foreach (var item in _data.Outbox.Items)
        {
            if (count-- == 0) break;
            item.Write(reply);
        }
    }
}
