namespace TokMesh.Log.Writing;

/// <summary>What the log knows of one group without holding its entries.</summary>
internal sealed class GroupState(uint group)
{
    public uint Group { get; } = group;

    public byte[] Meta { get; set; } = [];

    public ulong Term { get; set; }

    public uint Vote { get; set; }

    public ulong BaseIndex { get; set; }

    public ulong BaseTerm { get; set; }

    public ulong LastIndex { get; set; }

    /// <summary>Entries up to here are known to be committed.</summary>
    public ulong CommitIndex { get; set; }

    /// <summary>Which segments hold entries of the group that still count, oldest first.</summary>
    public List<EntrySpan> Spans { get; } = [];

    /// <summary>Entries from <paramref name="index"/> on are superseded, wherever they are.</summary>
    public void Truncate(ulong index)
    {
        for (var i = Spans.Count - 1; i >= 0; i--)
        {
            var span = Spans[i];
            if (span.First >= index) Spans.RemoveAt(i);
            else if (span.Last >= index) Spans[i] = span with { Last = index - 1 };
        }
    }

    /// <summary>Entries up to <paramref name="index"/> do not count any more.</summary>
    public void DropPrefix(ulong index)
    {
        var gone = 0;
        while (gone < Spans.Count && Spans[gone].Last <= index) gone++;
        Spans.RemoveRange(0, gone);
    }

    /// <summary>An entry went to <paramref name="segment"/>, after whatever it supersedes was truncated.</summary>
    public void Extend(uint segment, ulong index)
    {
        var last = Spans.Count - 1;
        if (last >= 0 && Spans[last].Segment == segment) Spans[last] = Spans[last] with { Last = index };
        else Spans.Add(new EntrySpan(segment, index, index));
    }
}
