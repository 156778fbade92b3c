using System.Buffers;
using TokMesh.State.Ids;
using TokMesh.State.Wire;

namespace TokMesh.State.Names;

/// <summary>What a name names.</summary>
public enum NameKind : byte
{
    /// <summary>A session id.</summary>
    SessionId = 1,

    /// <summary>A token, by its hash.</summary>
    Token = 2,
}

/// <summary>A session's id or token hash, as a thing that a shard can hold a pointer for.</summary>
public readonly record struct Name
{
    private Name(NameKind kind, UInt128 high, UInt128 low) => (Kind, High, Low) = (kind, high, low);

    /// <summary>Which kind.</summary>
    public NameKind Kind { get; }

    internal UInt128 High { get; }

    internal UInt128 Low { get; }

    /// <summary>The session id; only of that kind.</summary>
    public SessionId SessionId => new(new Ulid(High));

    /// <summary>The token hash; only of that kind.</summary>
    public TokenHash Token => new(High, Low);

    /// <summary>The name of a session id.</summary>
    public static Name Of(SessionId id) => new(NameKind.SessionId, id.Ulid.Value, 0);

    /// <summary>The name of a token.</summary>
    public static Name Of(TokenHash token) => new(NameKind.Token, token.High, token.Low);

    internal void Write(IBufferWriter<byte> output)
    {
        output.WriteByte((byte)Kind);
        output.WriteUInt128(High);
        if (Kind == NameKind.Token) output.WriteUInt128(Low);
    }

    internal static Name Read(ref WireReader reader)
    {
        var kind = (NameKind)reader.Byte();
        if (kind is not (NameKind.SessionId or NameKind.Token)) reader.Fail();
        var high = reader.UInt128();
        return new Name(kind, high, kind == NameKind.Token ? reader.UInt128() : 0);
    }
}
