namespace TokMesh.Log.Format;

/// <summary>One decoded record; which fields mean something depends on <see cref="Type"/>.</summary>
internal ref struct Record
{
    public RecordType Type;
    public uint Group;
    public ulong Index;
    public ulong Term;
    public uint Vote;
    public byte EntryType;

    /// <summary>An entry's payload, a group's meta or a note, borrowed from the buffer that was decoded.</summary>
    public ReadOnlySpan<byte> Payload;
}
