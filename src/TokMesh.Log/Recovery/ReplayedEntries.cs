namespace TokMesh.Log.Recovery;

/// <summary>One group's entries while the log is read, and where the first of them was found.</summary>
internal sealed class ReplayedEntries
{
    public List<RecoveredEntry> List { get; } = [];

    public uint FirstSegment { get; private set; }

    public long FirstOffset { get; private set; }

    /// <summary>Adds an entry that supersedes those at its index and after; the ledger has checked that it leaves no gap.</summary>
    public void Add(RecoveredEntry entry, uint segment, long offset)
    {
        if (List.Count > 0 && entry.Index > List[0].Index) List.RemoveRange((int)(entry.Index - List[0].Index), (int)(List[^1].Index + 1 - entry.Index));
        else List.Clear();
        if (List.Count == 0)
        {
            FirstSegment = segment;
            FirstOffset = offset;
        }
        List.Add(entry);
    }

    public void DropPrefix(ulong index)
    {
        if (List.Count > 0 && List[0].Index <= index) List.RemoveRange(0, (int)Math.Min((ulong)List.Count, index - List[0].Index + 1));
    }
}
