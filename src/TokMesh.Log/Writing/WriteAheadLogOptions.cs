using TokMesh.Log.Encryption;

namespace TokMesh.Log.Writing;

/// <summary>How a <see cref="WriteAheadLog"/> writes. Checked when the log is opened.</summary>
public sealed class WriteAheadLogOptions
{
    /// <summary>The smallest <see cref="SegmentBytes"/>.</summary>
    public const long MinSegmentBytes = 512;

    /// <summary>The largest <see cref="SegmentBytes"/>.</summary>
    public const long MaxSegmentBytes = 1L << 30;

    /// <summary>The smallest <see cref="MaxFrameBytes"/>.</summary>
    public const int MinMaxFrameBytes = 64;

    /// <summary>The largest <see cref="MaxFrameBytes"/>.</summary>
    public const int MaxMaxFrameBytes = 256 << 20;

    /// <summary>How much of the disk a segment takes when it is made, in bytes. One frame bigger than that gets a bigger segment.</summary>
    public long SegmentBytes { get; init; } = 64L << 20;

    /// <summary>Batches share a frame up to this many bytes; a batch bigger than that is a frame of its own.</summary>
    public int MaxFrameBytes { get; init; } = 16 << 20;

    /// <summary>The 32-byte master key, or null to store everything in the clear.</summary>
    public byte[]? Key { get; init; }

    /// <summary>
    /// Fills a span with random bytes, for salts and nonces. In production a cryptographic source: with a predictable or
    /// repeating one the encryption protects nothing.
    /// </summary>
    public required Action<Span<byte>> FillRandom { get; init; }

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentException">Names each wrong option, its value and the allowed range.</exception>
    public void Validate()
    {
        var problems = new List<string>();
        if (SegmentBytes is < MinSegmentBytes or > MaxSegmentBytes)
            problems.Add($"{nameof(SegmentBytes)} is {SegmentBytes}, allowed are {MinSegmentBytes} to {MaxSegmentBytes}");
        if (MaxFrameBytes is < MinMaxFrameBytes or > MaxMaxFrameBytes)
            problems.Add($"{nameof(MaxFrameBytes)} is {MaxFrameBytes}, allowed are {MinMaxFrameBytes} to {MaxMaxFrameBytes}");
        if (Key is not null && Key.Length != LogKey.Bytes) problems.Add($"{nameof(Key)} has {Key.Length} bytes, required are {LogKey.Bytes}");
        if (FillRandom is null) problems.Add($"{nameof(FillRandom)} is missing");
        if (problems.Count > 0) throw new ArgumentException($"Write-ahead log options: {string.Join("; ", problems)}.");
    }
}
