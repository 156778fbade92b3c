using System.Buffers.Binary;

namespace TokMesh.Client.AspNetCore;

/// <summary>
/// A cached value as it is stored: <c>format:1 = 1 | absolute:i64 | sliding:i64 | value</c>, little endian; absolute is the Unix time in
/// milliseconds after which there is no value any more, sliding the milliseconds it lives after an access; 0 for none.
/// </summary>
internal readonly record struct CacheEntry(long AbsoluteMs, long SlidingMs, ReadOnlyMemory<byte> Value)
{
    private const byte Format = 1;
    private const int HeadBytes = 17;

    public static CacheEntry? TryRead(ReadOnlyMemory<byte> stored)
    {
        if (stored.Length < HeadBytes || stored.Span[0] != Format) return null;
        return new CacheEntry(BinaryPrimitives.ReadInt64LittleEndian(stored.Span[1..]), BinaryPrimitives.ReadInt64LittleEndian(stored.Span[9..]), stored[HeadBytes..]);
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[HeadBytes + Value.Length];
        bytes[0] = Format;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1), AbsoluteMs);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(9), SlidingMs);
        Value.Span.CopyTo(bytes.AsSpan(HeadBytes));
        return bytes;
    }

    public bool HasExpired(long nowMs) => AbsoluteMs != 0 && AbsoluteMs <= nowMs;

    /// <summary>
    /// How long its key lives when written now; null for good. A sliding expiration gets an eighth more, so that not every access has to
    /// write: it is written again when less than the expiration is left, and never ends before that time without an access is over.
    /// </summary>
    public TimeSpan? Ttl(long nowMs)
    {
        var sliding = SlidingMs == 0 ? long.MaxValue : SlidingMs + (SlidingMs / 8);
        var absolute = AbsoluteMs == 0 ? long.MaxValue : Math.Max(1, AbsoluteMs - nowMs);
        var ms = Math.Min(sliding, absolute);
        return ms == long.MaxValue ? null : TimeSpan.FromMilliseconds(ms);
    }

    /// <summary>Whether an access now must write it again.</summary>
    public bool NeedsRefresh(long nowMs, DateTimeOffset? keyExpiresAt) =>
        SlidingMs != 0 && keyExpiresAt is { } expires && expires.ToUnixTimeMilliseconds() - nowMs < SlidingMs
        && (AbsoluteMs == 0 || expires.ToUnixTimeMilliseconds() < AbsoluteMs);
}
