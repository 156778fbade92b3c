namespace TokMesh.State.Names;

/// <summary>Which names of a session are held by pointers in other shards, and under which reservation.</summary>
internal sealed record ForeignNames(bool Id, bool Token, UInt128 Reservation)
{
    /// <summary>1 id, 2 token.</summary>
    public byte Flags => (byte)((Id ? 1 : 0) | (Token ? 2 : 0));

    public static ForeignNames Of(byte flags, UInt128 reservation) => new((flags & 1) != 0, (flags & 2) != 0, reservation);

    public bool Holds(NameKind kind) => kind == NameKind.SessionId ? Id : Token;
}
