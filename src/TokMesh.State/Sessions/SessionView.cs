using System.Buffers.Binary;
using TokMesh.State.Ids;
using TokMesh.State.Wire;

namespace TokMesh.State.Sessions;

/// <summary>
/// A session as a reply carries it: a view over its record's bytes, valid as long as they are. Never holds the token hash.
/// <code>
/// id:16 BE | created_at:8 | expires_at:8 | last_active:8 | version:8 (LE) | flags:1 | user | device | created_by:16?
/// | ip:0/4/16 | last_ip:0/4/16? | ua | last_ua? | data          (texts: varint length, UTF-8)
/// </code>
/// Last access is stored only where it differs from the creation's, in one canonical way, because digests hash the bytes.
/// </summary>
public readonly ref struct SessionView
{
    internal const int ExpiresAtOffset = 24, LastActiveOffset = 32, VersionOffset = 40, FlagsOffset = 48, HeadSize = 49;
    internal const int CreatedByFlag = 1, IpShift = 1, LastIpShift = 3, SameIpFlag = 32, SameAgentFlag = 64;

    private readonly ReadOnlySpan<byte> _head;
    private readonly ReadOnlySpan<byte> _createdBy;

    private SessionView(ReadOnlySpan<byte> record, scoped ref WireReader reader)
    {
        _head = record;
        int flags = record[FlagsOffset];
        UserId = reader.Bytes();
        DeviceId = reader.Bytes();
        _createdBy = (flags & CreatedByFlag) != 0 ? reader.Take(16) : default;
        Ip = reader.Take(IpSize(flags >> IpShift));
        LastAccessIp = (flags & SameIpFlag) != 0 ? Ip : reader.Take(IpSize(flags >> LastIpShift));
        UserAgent = reader.Bytes();
        LastAccessUserAgent = (flags & SameAgentFlag) != 0 ? UserAgent : reader.Bytes();
        DataBytes = reader.Bytes();
    }

    /// <summary>The id.</summary>
    public SessionId Id => new(new Ulid(BinaryPrimitives.ReadUInt128BigEndian(_head)));

    /// <summary>Unix ms.</summary>
    public long CreatedAt => BinaryPrimitives.ReadInt64LittleEndian(_head[16..]);

    /// <summary>Unix ms; 0 for no expiry.</summary>
    public long ExpiresAt => BinaryPrimitives.ReadInt64LittleEndian(_head[ExpiresAtOffset..]);

    /// <summary>Unix ms.</summary>
    public long LastActive => BinaryPrimitives.ReadInt64LittleEndian(_head[LastActiveOffset..]);

    /// <summary>1 at creation, one more per update and renew.</summary>
    public ulong Version => BinaryPrimitives.ReadUInt64LittleEndian(_head[VersionOffset..]);

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> UserId { get; }

    /// <summary>UTF-8; empty for none.</summary>
    public ReadOnlySpan<byte> DeviceId { get; }

    /// <summary>The API key that made it.</summary>
    public ApiKeyId? CreatedBy
        => _createdBy.IsEmpty ? null : new ApiKeyId(new Ulid(BinaryPrimitives.ReadUInt128BigEndian(_createdBy)));

    /// <summary>Empty, 4 or 16 bytes: the address at creation. Text: <see cref="IpBytes.ToText"/>.</summary>
    public ReadOnlySpan<byte> Ip { get; }

    /// <summary>Empty, 4 or 16 bytes: the address of the last validate with touch, at first the creation's.</summary>
    public ReadOnlySpan<byte> LastAccessIp { get; }

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> UserAgent { get; }

    /// <summary>UTF-8; at first the creation's.</summary>
    public ReadOnlySpan<byte> LastAccessUserAgent { get; }

    /// <summary>The data map.</summary>
    public SessionDataReader Data => new(DataBytes);

    internal ReadOnlySpan<byte> DataBytes { get; }

    internal ReadOnlySpan<byte> Record => _head;

    /// <summary>Reads a record; false when it is damaged.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> record, out SessionView view)
    {
        view = default;
        if (record.Length < HeadSize || record[FlagsOffset] > 127) return false;
        var reader = new WireReader(record[HeadSize..]);
        view = new SessionView(record, ref reader);
        return reader.AtEnd && !view.UserId.IsEmpty && SessionData.IsWellFormed(view.DataBytes);
    }

    /// <summary>Reads a record this state made.</summary>
    internal static SessionView Of(ReadOnlySpan<byte> record)
    {
        var reader = new WireReader(record[HeadSize..]);
        return new SessionView(record, ref reader);
    }

    internal static int IpKind(ReadOnlySpan<byte> ip) => ip.Length switch { 4 => 1, 16 => 2, _ => 0 };

    private static int IpSize(int kind) => (kind & 3) switch { 1 => 4, 2 => 16, _ => 0 };
}
