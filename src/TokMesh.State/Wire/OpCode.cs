using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Sessions;

namespace TokMesh.State.Wire;

/// <summary>The first byte of an operation. In the log for good: numbers may only grow (golden test).</summary>
public enum OpCode : byte
{
    /// <summary><see cref="SessionOps.Create"/></summary>
    SessionCreate = 1,

    /// <summary><see cref="SessionOps.Update"/></summary>
    SessionUpdate = 2,

    /// <summary><see cref="SessionOps.Renew"/></summary>
    SessionRenew = 3,

    /// <summary>Written by <see cref="ShardState.DrainTouches"/>.</summary>
    SessionTouches = 4,

    /// <summary><see cref="SessionOps.Revoke"/></summary>
    SessionRevoke = 5,

    /// <summary><see cref="SessionOps.RevokeMany"/></summary>
    SessionRevokeMany = 6,

    /// <summary><see cref="SessionOps.RevokeUser(System.Buffers.IBufferWriter{byte}, ReadOnlySpan{byte})"/></summary>
    SessionRevokeUser = 7,

    /// <summary><see cref="SessionOps.ExpireSweep"/></summary>
    ExpireSweep = 8,

    /// <summary><see cref="SessionOps.RenewIf"/></summary>
    SessionRenewIf = 9,

    /// <summary><see cref="SessionOps.RevokeIf"/></summary>
    SessionRevokeIf = 10,

    /// <summary><see cref="KeyOps.Set"/></summary>
    KeySet = 20,

    /// <summary><see cref="KeyOps.GetDel"/></summary>
    KeyGetDel = 21,

    /// <summary><see cref="KeyOps.GetEx"/></summary>
    KeyGetEx = 22,

    /// <summary><see cref="KeyOps.Del"/></summary>
    KeyDel = 23,

    /// <summary><see cref="KeyOps.MSet"/></summary>
    KeyMSet = 24,

    /// <summary><see cref="KeyOps.Expire"/></summary>
    KeyExpire = 25,

    /// <summary><see cref="KeyOps.Persist"/></summary>
    KeyPersist = 26,

    /// <summary><see cref="KeyOps.IncrBy"/></summary>
    KeyIncrBy = 27,

    /// <summary><see cref="KeyOps.Append"/></summary>
    KeyAppend = 28,

    /// <summary><see cref="NameOps.Reserve"/></summary>
    NameReserve = 40,

    /// <summary><see cref="NameOps.Confirm"/></summary>
    NameConfirm = 41,

    /// <summary><see cref="NameOps.Release"/></summary>
    NameRelease = 42,

    /// <summary><see cref="NameOps.Resolve"/></summary>
    NameResolve = 43,

    /// <summary><see cref="NameOps.OutboxDone"/></summary>
    OutboxDone = 44,
}
