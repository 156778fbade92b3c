namespace TokMesh.State.Dedup;

/// <summary>What a shard remembers of one origin (a router instance) to apply each of its operations once.</summary>
internal sealed class Origin(ulong id)
{
    public ulong Id { get; } = id;

    /// <summary>The highest sequence number applied.</summary>
    public ulong LastSeq { get; set; }

    /// <summary>The lowest number whose reply may still be asked for.</summary>
    public ulong Floor { get; set; }

    /// <summary>Time of the last entry with a section of this origin, Unix ms.</summary>
    public long LastSeen { get; set; }

    public ReplyWindow Replies { get; } = new();

    public Origin? Older { get; set; }

    public Origin? Newer { get; set; }

    /// <summary>The origin waits for nothing below this any more. It never goes back.</summary>
    public void RaiseFloor(ulong floor)
    {
        if (floor <= Floor) return;
        Floor = floor;
        Replies.ForgetBelow(floor);
    }

    /// <summary>An operation was applied; its reply is kept unless it is already below the floor.</summary>
    public void Remember(ulong seq, ReadOnlySpan<byte> reply)
    {
        LastSeq = seq;
        if (seq >= Floor) Replies.Add(seq, reply);
    }
}
