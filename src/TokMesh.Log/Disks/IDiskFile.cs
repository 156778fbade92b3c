namespace TokMesh.Log.Disks;

/// <summary>One open file of an <see cref="IDisk"/>. Every method throws <see cref="IOException"/> when the disk refuses.</summary>
public interface IDiskFile : IDisposable
{
    /// <summary>The file's length in bytes.</summary>
    long Length { get; }

    /// <summary>Reads up to <c>buffer.Length</c> bytes; fewer only at the end of the file.</summary>
    int Read(long offset, Span<byte> buffer);

    /// <summary>Writes all of <paramref name="bytes"/>; durable only after <see cref="Sync"/>.</summary>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Makes everything written so far durable. After a failure nothing is known about what was written since the last
    /// success, and a second attempt may report success without having stored it: never retry.
    /// </summary>
    void Sync();
}
