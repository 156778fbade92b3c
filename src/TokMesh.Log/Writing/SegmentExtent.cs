namespace TokMesh.Log.Writing;

/// <summary>One live segment: how much of it is written and how much of the disk it takes, in bytes.</summary>
internal sealed class SegmentExtent(uint number, long writtenBytes, long allocatedBytes)
{
    public uint Number { get; } = number;

    public long WrittenBytes { get; set; } = writtenBytes;

    public long AllocatedBytes { get; } = allocatedBytes;
}
