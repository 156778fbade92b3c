using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Entries;

/// <summary>Tells whether bytes are an operation that this version of a state machine can apply.</summary>
public delegate bool OpCheck(ReadOnlySpan<byte> op);

/// <summary>Whether bytes are an operation this version can apply. Says nothing about whether it will succeed.</summary>
public static class OpFormat
{
    /// <summary>True when the operation can be read to its last byte.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> op)
    {
        if (op.IsEmpty) return false;
        var reader = new WireReader(op[1..]);
        switch ((OpCode)op[0])
        {
            case OpCode.SessionCreate:
                CreateOp.Read(ref reader);
                break;
            case OpCode.SessionUpdate:
                UpdateOp.Read(ref reader);
                break;
            case OpCode.SessionRenew:
                reader.Take(16 + 8);
                break;
            case OpCode.SessionRenewIf:
                reader.Take(16);
                reader.Varint();
                reader.Int64();
                break;
            case OpCode.SessionRevokeIf:
                reader.Take(16);
                reader.Varint();
                break;
            case OpCode.SessionTouches:
                for (var count = reader.Count(); count > 0; count--) TouchItem.Read(ref reader);
                break;
            case OpCode.SessionRevoke:
                reader.Take(16);
                break;
            case OpCode.SessionRevokeMany:
                for (var count = reader.Count(); count > 0; count--) reader.Take(16);
                break;
            case OpCode.SessionRevokeUser or OpCode.KeyGetDel or OpCode.KeyPersist:
                reader.Bytes();
                break;
            case OpCode.ExpireSweep or OpCode.OutboxDone:
                reader.Varint();
                break;
            case OpCode.KeySet:
                SetOp.Read(ref reader);
                break;
            case OpCode.KeyGetEx:
                GetExOp.Read(ref reader);
                break;
            case OpCode.KeyDel:
                SkipBytes(ref reader, perItem: 1);
                break;
            case OpCode.KeyMSet:
                SkipBytes(ref reader, perItem: 2);
                break;
            case OpCode.KeyExpire:
                ExpireOp.Read(ref reader);
                break;
            case OpCode.KeyIncrBy:
                reader.Bytes();
                reader.Int64();
                break;
            case OpCode.KeyAppend:
                SkipBytesOnce(ref reader, 2);
                break;
            case OpCode.NameReserve:
                ReserveOp.Read(ref reader);
                break;
            case OpCode.NameConfirm or OpCode.NameRelease:
                Name.Read(ref reader);
                reader.Take(16);
                break;
            case OpCode.NameResolve:
                ResolveOp.Read(ref reader);
                break;
            default:
                return false;
        }
        return reader.AtEnd;
    }

    private static void SkipBytes(ref WireReader reader, int perItem)
    {
        for (var count = reader.Count(); count > 0 && !reader.Failed; count--) SkipBytesOnce(ref reader, perItem);
    }

    private static void SkipBytesOnce(ref WireReader reader, int times)
    {
        for (var i = 0; i < times; i++) reader.Bytes();
    }
}
