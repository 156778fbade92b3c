namespace TokMesh.TestKit.Disks;

/// <summary>One file's bytes, as a process sees them and as they are on the platter.</summary>
internal sealed class VirtualContent
{
    public const int SectorBytes = 512;

    private readonly HashSet<long> _unsynced = [];
    private readonly List<long> _order = [];
    private byte[] _seen = [];
    private byte[] _stored = [];
    private long _storedLength;

    public long Length { get; private set; }

    public void Extend(long length) => Length = Math.Max(Length, length);

    public int Read(long offset, Span<byte> buffer)
    {
        var count = (int)Math.Clamp(Length - offset, 0, buffer.Length);
        buffer = buffer[..count];
        // What was preallocated and never written has no memory behind it.
        var held = (int)Math.Clamp(_seen.Length - offset, 0, count);
        _seen.AsSpan((int)Math.Min(offset, _seen.Length), held).CopyTo(buffer);
        buffer[held..].Clear();
        return count;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        Hold(ref _seen, offset + bytes.Length);
        bytes.CopyTo(_seen.AsSpan((int)offset));
        Extend(offset + bytes.Length);
        for (var sector = offset / SectorBytes; sector <= (offset + bytes.Length - 1) / SectorBytes; sector++) _unsynced.Add(sector);
    }

    public void Sync()
    {
        foreach (var sector in _unsynced) Store(sector);
        _unsynced.Clear();
        _storedLength = Length;
    }

    /// <summary>A sync that fails: the system forgets what was to be written, so that a later sync has nothing left to store.</summary>
    public void ForgetUnsynced() => _unsynced.Clear();

    /// <summary>Power is gone and back; without <paramref name="survival"/> nothing unsynced is there, with it some sectors are.</summary>
    public void Crash(SeededRandom? survival)
    {
        if (survival is not null)
        {
            _order.Clear();
            _order.AddRange(_unsynced);
            _order.Sort();
            // Sometimes all but little, sometimes little: a coin per sector alone would hardly ever keep a whole write.
            var odds = survival.Below(5);
            foreach (var sector in _order)
                if (survival.Below(4) < odds)
                {
                    Store(sector);
                    _storedLength = Math.Min(Length, Math.Max(_storedLength, (sector + 1) * SectorBytes));
                }
            if (survival.NextBool()) _storedLength = Length;
        }
        _unsynced.Clear();
        Length = _storedLength;
        _seen = _stored.AsSpan(0, (int)Math.Min(_stored.Length, Length)).ToArray();
    }

    /// <summary>Damage on the platter, seen at once.</summary>
    public void Damage(long offset, ReadOnlySpan<byte> bytes)
    {
        Hold(ref _seen, offset + bytes.Length);
        Hold(ref _stored, offset + bytes.Length);
        bytes.CopyTo(_seen.AsSpan((int)offset));
        bytes.CopyTo(_stored.AsSpan((int)offset));
    }

    /// <summary>Damage on the platter: the file ends early.</summary>
    public void Shorten(long length)
    {
        Length = Math.Min(Length, length);
        _storedLength = Math.Min(_storedLength, length);
        if (_seen.Length > length) Array.Resize(ref _seen, (int)length);
        if (_stored.Length > length) Array.Resize(ref _stored, (int)length);
        _unsynced.RemoveWhere(sector => sector * SectorBytes >= length);
    }

    private static void Hold(ref byte[] bytes, long length)
    {
        if (bytes.Length < length) Array.Resize(ref bytes, (int)Math.Max(length, Math.Min(bytes.Length * 2L, Array.MaxLength)));
    }

    private void Store(long sector)
    {
        var start = (int)(sector * SectorBytes);
        var count = Math.Min(SectorBytes, _seen.Length - start);
        Hold(ref _stored, start + count);
        _seen.AsSpan(start, count).CopyTo(_stored.AsSpan(start));
    }
}
