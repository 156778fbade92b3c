using System.Buffers.Binary;
using TokMesh.State.Wire;

namespace TokMesh.State.Sessions;

/// <summary>The fields of a record about to be written.</summary>
internal ref struct SessionDraft
{
    public UInt128 Id, CreatedBy;
    public bool HasCreatedBy;
    public long CreatedAt, ExpiresAt, LastActive;
    public ulong Version;
    public ReadOnlySpan<byte> UserId, DeviceId, Ip, LastIp, UserAgent, LastUserAgent, Data;

    public static SessionDraft Of(in SessionView view) => new()
    {
        Id = view.Id.Ulid.Value,
        CreatedBy = view.CreatedBy?.Ulid.Value ?? 0,
        HasCreatedBy = view.CreatedBy is not null,
        CreatedAt = view.CreatedAt,
        ExpiresAt = view.ExpiresAt,
        LastActive = view.LastActive,
        Version = view.Version,
        UserId = view.UserId,
        DeviceId = view.DeviceId,
        Ip = view.Ip,
        LastIp = view.LastAccessIp,
        UserAgent = view.UserAgent,
        LastUserAgent = view.LastAccessUserAgent,
        Data = view.DataBytes,
    };

    public readonly int Size()
    {
        var size = SessionView.HeadSize + TextSize(UserId) + TextSize(DeviceId) + (HasCreatedBy ? 16 : 0) + Ip.Length
            + TextSize(UserAgent) + TextSize(Data);
        if (!Ip.SequenceEqual(LastIp)) size += LastIp.Length;
        if (!UserAgent.SequenceEqual(LastUserAgent)) size += TextSize(LastUserAgent);
        return size;
    }

    /// <summary>Writes the record into exactly <see cref="Size"/> bytes. No field may lie in the target.</summary>
    public readonly void WriteTo(Span<byte> target)
    {
        bool sameIp = Ip.SequenceEqual(LastIp), sameAgent = UserAgent.SequenceEqual(LastUserAgent);
        BinaryPrimitives.WriteUInt128BigEndian(target, Id);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], CreatedAt);
        BinaryPrimitives.WriteInt64LittleEndian(target[SessionView.ExpiresAtOffset..], ExpiresAt);
        BinaryPrimitives.WriteInt64LittleEndian(target[SessionView.LastActiveOffset..], LastActive);
        BinaryPrimitives.WriteUInt64LittleEndian(target[SessionView.VersionOffset..], Version);
        target[SessionView.FlagsOffset] = (byte)((HasCreatedBy ? SessionView.CreatedByFlag : 0)
            | (SessionView.IpKind(Ip) << SessionView.IpShift)
            | (sameIp ? SessionView.SameIpFlag : SessionView.IpKind(LastIp) << SessionView.LastIpShift)
            | (sameAgent ? SessionView.SameAgentFlag : 0));
        target = target[SessionView.HeadSize..];
        Text(ref target, UserId);
        Text(ref target, DeviceId);
        if (HasCreatedBy)
        {
            BinaryPrimitives.WriteUInt128BigEndian(target, CreatedBy);
            target = target[16..];
        }
        Raw(ref target, Ip);
        if (!sameIp) Raw(ref target, LastIp);
        Text(ref target, UserAgent);
        if (!sameAgent) Text(ref target, LastUserAgent);
        Text(ref target, Data);
    }

    private static int TextSize(ReadOnlySpan<byte> text) => WireWriter.VarintSize((ulong)text.Length) + text.Length;

    private static void Text(ref Span<byte> target, ReadOnlySpan<byte> text)
    {
        target = target[WireWriter.PutVarint(target, (ulong)text.Length)..];
        Raw(ref target, text);
    }

    private static void Raw(ref Span<byte> target, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(target);
        target = target[bytes.Length..];
    }
}
