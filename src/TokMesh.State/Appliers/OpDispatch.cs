using System.Buffers;
using TokMesh.State.Data;
using TokMesh.State.Entries;
using TokMesh.State.Errors;
using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Appliers;

/// <summary>Leads each operation to the code that applies it. Operations are well-formed here (<see cref="OpFormat"/>).</summary>
internal sealed class OpDispatch(ShardData data, TouchOverlay touches)
{
    private readonly SessionApplier _sessions = new(data, touches);
    private readonly KeyApplier _keys = new(data);
    private readonly NameApplier _names = new(data);

    public void Apply(ReadOnlySpan<byte> op, IBufferWriter<byte> reply)
    {
        var reader = new WireReader(op[1..]);
        switch ((OpCode)op[0])
        {
            case OpCode.SessionCreate:
                _sessions.Create(CreateOp.Read(ref reader), reply);
                break;
            case OpCode.SessionUpdate:
                _sessions.Update(UpdateOp.Read(ref reader), reply);
                break;
            case OpCode.SessionRenew:
                _sessions.Renew(reader.UInt128(), null, reader.Int64(), reply);
                break;
            case OpCode.SessionRenewIf:
                _sessions.Renew(reader.UInt128(), reader.Varint(), reader.Int64(), reply);
                break;
            case OpCode.SessionTouches:
                for (var count = reader.Count(); count > 0; count--) _sessions.Touch(TouchItem.Read(ref reader));
                ReplyWriter.Ok(reply);
                break;
            case OpCode.SessionRevoke:
                _sessions.Revoke(reader.UInt128(), null, reply);
                break;
            case OpCode.SessionRevokeIf:
                _sessions.Revoke(reader.UInt128(), reader.Varint(), reply);
                break;
            case OpCode.SessionRevokeMany:
                _sessions.RevokeMany(ref reader, reply);
                break;
            case OpCode.SessionRevokeUser:
                ReplyWriter.Integer(reply, _sessions.RevokeUser(reader.Bytes()));
                break;
            case OpCode.ExpireSweep:
                var limit = (int)Math.Min(reader.Varint(), int.MaxValue);
                var removed = _keys.Sweep(limit);
                ReplyWriter.Integer(reply, removed + _sessions.Sweep(limit - removed));
                break;
            case OpCode.KeySet:
                _keys.Set(SetOp.Read(ref reader), reply);
                break;
            case OpCode.KeyGetDel:
                _keys.GetDel(reader.Bytes(), reply);
                break;
            case OpCode.KeyGetEx:
                _keys.GetEx(GetExOp.Read(ref reader), reply);
                break;
            case OpCode.KeyDel:
                _keys.Del(ref reader, reply);
                break;
            case OpCode.KeyMSet:
                _keys.MSet(ref reader, reply);
                break;
            case OpCode.KeyExpire:
                _keys.Expire(ExpireOp.Read(ref reader), reply);
                break;
            case OpCode.KeyPersist:
                _keys.Persist(reader.Bytes(), reply);
                break;
            case OpCode.KeyIncrBy:
                _keys.IncrBy(reader.Bytes(), reader.Int64(), reply);
                break;
            case OpCode.KeyAppend:
                _keys.Append(reader.Bytes(), reader.Bytes(), reply);
                break;
            case OpCode.NameReserve:
                _names.Reserve(ReserveOp.Read(ref reader), reply);
                break;
            case OpCode.NameConfirm:
                _names.Confirm(Name.Read(ref reader), reader.UInt128(), reply);
                break;
            case OpCode.NameRelease:
                _names.Release(Name.Read(ref reader), reader.UInt128(), reply);
                break;
            case OpCode.NameResolve:
                _names.Resolve(ResolveOp.Read(ref reader), reply);
                break;
            case OpCode.OutboxDone:
                ReplyWriter.Integer(reply, data.Outbox.Remove(reader.Varint()) ? 1 : 0);
                break;
            default:
                throw new CorruptEntryException($"Operation code {op[0]} is unknown.");
        }
    }
}
