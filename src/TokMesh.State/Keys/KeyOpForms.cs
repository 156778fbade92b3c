using TokMesh.State.Wire;

namespace TokMesh.State.Keys;

/// <summary>A decoded <see cref="KeyOps.Set"/>.</summary>
internal ref struct SetOp
{
    public const int HasVersion = 128;

    public SetFlags Flags;
    public ExpiryMode Mode;
    public long ExpiryMs;
    public bool Conditional;
    public ulong IfVersion;
    public ReadOnlySpan<byte> Key, Value;

    public readonly bool Has(SetFlags flag) => (Flags & flag) != 0;

    public static SetOp Read(ref WireReader reader)
    {
        int flags = reader.Byte();
        var op = new SetOp
        {
            Flags = (SetFlags)(flags & ~HasVersion),
            Conditional = (flags & HasVersion) != 0,
            Mode = (ExpiryMode)reader.Byte(),
        };
        if ((int)op.Flags > 15 || op.Mode > ExpiryMode.KeepOrPersist) reader.Fail();
        if (op.Mode is ExpiryMode.Relative or ExpiryMode.Absolute) op.ExpiryMs = reader.Int64();
        if (op.Conditional) op.IfVersion = reader.UInt64();
        op.Key = reader.Bytes();
        op.Value = reader.Bytes();
        return op;
    }
}

/// <summary>A decoded <see cref="KeyOps.GetEx"/>.</summary>
internal ref struct GetExOp
{
    public ExpiryMode Mode;
    public long ExpiryMs;
    public ReadOnlySpan<byte> Key;

    public static GetExOp Read(ref WireReader reader)
    {
        var op = new GetExOp { Mode = (ExpiryMode)reader.Byte(), ExpiryMs = reader.Int64(), Key = reader.Bytes() };
        if (op.Mode > ExpiryMode.KeepOrPersist) reader.Fail();
        return op;
    }
}

/// <summary>A decoded <see cref="KeyOps.Expire"/>.</summary>
internal ref struct ExpireOp
{
    public ExpireFlags Flags;
    public long TimeMs;
    public ReadOnlySpan<byte> Key;

    public readonly bool Has(ExpireFlags flag) => (Flags & flag) != 0;

    public static ExpireOp Read(ref WireReader reader)
    {
        var op = new ExpireOp { Flags = (ExpireFlags)reader.Byte(), TimeMs = reader.Int64(), Key = reader.Bytes() };
        if ((int)op.Flags > 31) reader.Fail();
        return op;
    }
}
