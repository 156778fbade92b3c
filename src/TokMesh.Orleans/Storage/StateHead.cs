using System.Buffers.Binary;

namespace TokMesh.Orleans.Storage;

/// <summary>The pieces of one large state.</summary>
/// <param name="Id">Drawn for each write: two writers never share pieces.</param>
/// <param name="Chunks">How many pieces.</param>
internal readonly record struct Generation(Guid Id, int Chunks);

/// <summary>Pieces that nothing refers to any more.</summary>
/// <param name="Generation">Which.</param>
/// <param name="LateUntilMs">
/// Unix time until which their writer, if it was overtaken in the middle, may still add some; 0 when it had finished.
/// </param>
internal readonly record struct Leftover(Generation Generation, long LateUntilMs);

/// <summary>
/// What a head says: the state itself when it is small, else which generation of pieces holds it; and what must be deleted by the one that
/// writes next. How that keeps orphans out:
/// <list type="number">
/// <item>A large state's generation is first entered as <see cref="Pending"/>, by compare-and-set; then its pieces are written; then
/// a second compare-and-set makes it <see cref="Current"/> and the replaced one a leftover. So every piece that was ever written is
/// named in the head, and a crash at any point leaves what the next write of this state finds and deletes.</item>
/// <item>Only the writer whose compare-and-set made the head of this very version can make its pending generation current: any later head
/// has another version. So the next writer, once its own compare-and-set is through, may delete what was pending before.</item>
/// <item>A writer that was overtaken may not know yet, and write pieces after they were deleted. It deletes them when its second
/// compare-and-set fails; in case it crashes before that, they stay among the leftovers for <see cref="LateWrites"/>, much longer than
/// any write may take, and are deleted again.</item>
/// </list>
/// <code>
/// format:1 = 1 | kind:1 | leftovers:i32 | (id:16 chunks:i32 late_until_ms:i64)* | has_pending:1 (id:16 chunks:i32)?
/// | kind 1: the state | kind 2: id:16 chunks:i32 length:i64          (numbers little endian)
/// </code>
/// </summary>
internal sealed record StateHead
{
    /// <summary>How long an overtaken writer is reckoned with.</summary>
    public static readonly TimeSpan LateWrites = TimeSpan.FromMinutes(10);

    /// <summary>There is no state, and never was.</summary>
    public static readonly StateHead None = new();

    private const byte Format = 1;
    private const byte KindNone = 0;
    private const byte KindInline = 1;
    private const byte KindChunked = 2;
    private const int GenerationBytes = 20;
    private const int LeftoverBytes = GenerationBytes + 8;

    /// <summary>The state, when it is small enough to be here.</summary>
    public ReadOnlyMemory<byte>? Inline { get; init; }

    /// <summary>The generation that holds the state, when it is large.</summary>
    public Generation? Current { get; init; }

    /// <summary>Bytes of a large state.</summary>
    public long Length { get; init; }

    /// <summary>A generation that is being written.</summary>
    public Generation? Pending { get; init; }

    /// <summary>Generations to delete.</summary>
    public IReadOnlyList<Leftover> Leftovers { get; init; } = [];

    /// <summary>Whether there is a state.</summary>
    public bool HasState => Inline is not null || Current is not null;

    /// <summary>Whether other keys belong to this head.</summary>
    public bool HasMore => Current is not null || Pending is not null || Leftovers.Count > 0;

    /// <summary>What is left over once this head has been replaced by one that knows neither its pending nor, unless kept, its current generation.</summary>
    /// <param name="nowMs">Unix time.</param>
    /// <param name="deleted">Whether this head's own leftovers have just been deleted.</param>
    /// <param name="keepsCurrent">Whether the next head goes on with the current generation.</param>
    public IReadOnlyList<Leftover> LeftoversAfter(long nowMs, bool deleted, bool keepsCurrent)
    {
        var left = Leftovers.Where(l => !deleted || l.LateUntilMs > nowMs).ToList();
        if (Pending is { } pending) left.Add(new Leftover(pending, nowMs + (long)LateWrites.TotalMilliseconds));
        if (Current is { } current && !keepsCurrent) left.Add(new Leftover(current, 0));
        return left;
    }

    /// <summary>The stored form.</summary>
    public byte[] Encode()
    {
        var size = 2 + 4 + (Leftovers.Count * LeftoverBytes) + 1 + (Pending is null ? 0 : GenerationBytes)
            + (Current is not null ? GenerationBytes + 8 : Inline?.Length ?? 0);
        var bytes = new byte[size];
        bytes[0] = Format;
        bytes[1] = Current is not null ? KindChunked : Inline is not null ? KindInline : KindNone;
        var rest = bytes.AsSpan(2);
        Write(ref rest, Leftovers.Count);
        foreach (var leftover in Leftovers)
        {
            Write(ref rest, leftover.Generation);
            Write(ref rest, leftover.LateUntilMs);
        }
        rest[0] = (byte)(Pending is null ? 0 : 1);
        rest = rest[1..];
        if (Pending is { } pending) Write(ref rest, pending);
        if (Current is { } current)
        {
            Write(ref rest, current);
            Write(ref rest, Length);
        }
        else if (Inline is { } inline)
        {
            inline.Span.CopyTo(rest);
        }
        return bytes;
    }

    /// <summary>Reads the stored form; null when it is not one.</summary>
    public static StateHead? TryDecode(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < 7 || bytes.Span[0] != Format || bytes.Span[1] > KindChunked) return null;
        var rest = bytes.Span[2..];
        var count = ReadInt32(ref rest);
        if (count < 0 || rest.Length < ((long)count * LeftoverBytes) + 1) return null;
        var leftovers = new Leftover[count];
        for (var i = 0; i < count; i++) leftovers[i] = new Leftover(ReadGeneration(ref rest), ReadInt64(ref rest));
        var hasPending = rest[0] != 0;
        rest = rest[1..];
        if (hasPending && rest.Length < GenerationBytes) return null;
        var head = new StateHead { Leftovers = leftovers, Pending = hasPending ? ReadGeneration(ref rest) : null };
        switch (bytes.Span[1])
        {
            case KindInline:
                return head with { Inline = bytes[^rest.Length..] };
            case KindChunked when rest.Length == GenerationBytes + 8:
                var current = ReadGeneration(ref rest);
                return head with { Current = current, Length = ReadInt64(ref rest) };
            case KindNone when rest.IsEmpty:
                return head;
            default:
                return null;
        }
    }

    private static void Write(ref Span<byte> rest, Generation generation)
    {
        generation.Id.TryWriteBytes(rest);
        rest = rest[16..];
        Write(ref rest, generation.Chunks);
    }

    private static void Write(ref Span<byte> rest, int number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(rest, number);
        rest = rest[4..];
    }

    private static void Write(ref Span<byte> rest, long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(rest, number);
        rest = rest[8..];
    }

    private static Generation ReadGeneration(ref ReadOnlySpan<byte> rest)
    {
        var id = new Guid(rest[..16]);
        rest = rest[16..];
        return new Generation(id, ReadInt32(ref rest));
    }

    private static int ReadInt32(ref ReadOnlySpan<byte> rest)
    {
        var number = BinaryPrimitives.ReadInt32LittleEndian(rest);
        rest = rest[4..];
        return number;
    }

    private static long ReadInt64(ref ReadOnlySpan<byte> rest)
    {
        var number = BinaryPrimitives.ReadInt64LittleEndian(rest);
        rest = rest[8..];
        return number;
    }
}
