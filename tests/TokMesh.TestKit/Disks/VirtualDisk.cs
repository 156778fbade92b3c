using TokMesh.Log.Disks;

namespace TokMesh.TestKit.Disks;

/// <summary>
/// A model of a disk that loses what was not synced, for tests and for the simulation of whole nodes. Contents are stored
/// by <see cref="IDiskFile.Sync"/>, names by <see cref="SyncDirectory"/>; a crash keeps what is stored and, if seeded, any
/// part of the rest: single 512-byte sectors of a write in any order, any of the creates, deletes and renames. Faults are
/// put in by the test. Not thread-safe; deterministic: the same calls and seeds give the same disk.
/// </summary>
public sealed class VirtualDisk : IDisk
{
    private const int NoSpace = 28;
    private const int InputOutput = 5;

    private readonly VirtualDirectory _directory = new();
    private long _powerCutAt;
    private bool _isOff;

    /// <summary>How many operations were asked for since the disk was made; reads do not count.</summary>
    public long Operations { get; private set; }

    /// <summary>When not null, every operation is added to it.</summary>
    public IList<VirtualDiskOperation>? Trace { get; set; }

    /// <summary>
    /// Asked before every operation; what it returns is thrown and the operation fails: a write may then be half done, and a
    /// failed sync drops what it should have stored, so that a later sync succeeds without storing it, as Linux does.
    /// </summary>
    public Func<VirtualDiskOperation, Exception?>? Fault { get; set; }

    internal int Boot { get; private set; }

    /// <summary>
    /// Cuts the power at the operation of this number (see <see cref="Operations"/>; 0 or a past one: never). A write or rename is then
    /// done but not stored, a sync not done. Everything throws <see cref="SimulatedPowerCut"/> until a crash method is called.
    /// </summary>
    public void CutPowerAt(long operation) => _powerCutAt = operation;

    /// <summary>Makes the nth operation of a kind from now fail with an I/O error (EIO), once.</summary>
    public void FailNth(VirtualDiskOperationKind kind, long nth) =>
        Fault = operation => operation.Kind == kind && --nth == 0 ? new IOException("Input/output error (EIO).", InputOutput) : null;

    /// <summary>Makes the nth create or write from now, and every one after it, fail for lack of space (ENOSPC).</summary>
    public void FillUpAtNth(long nth) =>
        Fault = operation => operation.Kind is VirtualDiskOperationKind.Create or VirtualDiskOperationKind.Write && --nth <= 0
            ? new IOException("No space left on device (ENOSPC).", NoSpace)
            : null;

    /// <summary>Calls off what was to fail later, and the power cut that was to come.</summary>
    public void CallOffFaults()
    {
        Fault = null;
        CutPowerAt(0);
    }

    /// <summary>A power cut: everything unsynced is lost. Open files are closed; the disk can be used again.</summary>
    public void Crash() => Crash(survival: null);

    /// <summary>A power cut: of what is unsynced, a part chosen by <paramref name="seed"/> survives.</summary>
    public void Crash(ulong seed) => Crash(new SeededRandom(seed));

    /// <summary>The process dies but not the system: all is there, though still not stored.</summary>
    public void KillProcess() => Restart();

    /// <summary>Flips one bit (0 to 7) where it is stored.</summary>
    public void FlipBit(string file, long offset, int bit) => Damage(file, offset, [(byte)(ReadAll(file)[offset] ^ (1 << bit))]);

    /// <summary>Overwrites bytes where they are stored.</summary>
    public void Damage(string file, long offset, ReadOnlySpan<byte> bytes) => ContentOf(file).Damage(offset, bytes);

    /// <summary>Makes a file end early.</summary>
    public void Shorten(string file, long length) => ContentOf(file).Shorten(length);

    /// <summary>A file's bytes as a process sees them.</summary>
    public byte[] ReadAll(string file)
    {
        var content = ContentOf(file);
        var bytes = new byte[content.Length];
        content.Read(0, bytes);
        return bytes;
    }

    /// <summary>A copy of every file, as a process sees it now.</summary>
    public IReadOnlyDictionary<string, byte[]> Copy()
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var name in _directory.Seen.Keys) files.Add(name, ReadAll(name));
        return files;
    }

    /// <summary>Puts other files in the place of all that is there, stored. Open files are closed.</summary>
    public void Replace(IReadOnlyDictionary<string, byte[]> files)
    {
        var contents = new Dictionary<string, VirtualContent>(files.Count);
        foreach ((var name, var bytes) in files)
        {
            var content = new VirtualContent();
            content.Write(0, bytes);
            content.Sync();
            contents.Add(name, content);
        }
        _directory.Replace(contents);
        Restart();
    }

    /// <inheritdoc/>
    public IDiskFile Create(string name, long preallocateBytes)
    {
        var isCut = Begin(VirtualDiskOperationKind.Create, name, 0, preallocateBytes, out var fault);
        if (fault is not null) throw fault;
        if (_directory.Seen.ContainsKey(name)) throw new IOException($"'{name}' exists.");
        var content = new VirtualContent();
        content.Extend(preallocateBytes);
        _directory.Create(name, content);
        End(isCut);
        return new VirtualDiskFile(this, name, content, Boot);
    }

    /// <inheritdoc/>
    public IDiskFile Open(string name)
    {
        ThrowIfOff();
        return new VirtualDiskFile(this, name, ContentOf(name), Boot);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        ThrowIfOff();
        var names = new List<string>(_directory.Seen.Keys);
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <inheritdoc/>
    public bool Exists(string name)
    {
        ThrowIfOff();
        return _directory.Seen.ContainsKey(name);
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        var isCut = Begin(VirtualDiskOperationKind.Delete, name, 0, 0, out var fault);
        if (fault is not null) throw fault;
        ContentOf(name);
        _directory.Delete(name);
        End(isCut);
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        var isCut = Begin(VirtualDiskOperationKind.Rename, from, 0, 0, out var fault);
        if (fault is not null) throw fault;
        ContentOf(from);
        _directory.Rename(from, to);
        End(isCut);
    }

    /// <inheritdoc/>
    public void SyncDirectory()
    {
        End(Begin(VirtualDiskOperationKind.SyncDirectory, "", 0, 0, out var fault));
        if (fault is not null)
        {
            _directory.ForgetUnsynced();
            throw fault;
        }
        _directory.Sync();
    }

    internal void Write(string name, VirtualContent content, long offset, ReadOnlySpan<byte> bytes)
    {
        var isCut = Begin(VirtualDiskOperationKind.Write, name, offset, bytes.Length, out var fault);
        content.Write(offset, fault is null ? bytes : bytes[..(bytes.Length / 2)]);
        End(isCut);
        if (fault is not null) throw fault;
    }

    internal void Sync(string name, VirtualContent content)
    {
        End(Begin(VirtualDiskOperationKind.Sync, name, 0, 0, out var fault));
        if (fault is not null)
        {
            content.ForgetUnsynced();
            throw fault;
        }
        content.Sync();
    }

    private bool Begin(VirtualDiskOperationKind kind, string file, long offset, long bytes, out Exception? fault)
    {
        ThrowIfOff();
        Operations++;
        var operation = new VirtualDiskOperation(Operations, kind, file, offset, bytes);
        Trace?.Add(operation);
        fault = Fault?.Invoke(operation);
        return Operations == _powerCutAt;
    }

    private void End(bool isCut)
    {
        if (isCut) _isOff = true;
        ThrowIfOff();
    }

    private void Crash(SeededRandom? survival)
    {
        foreach (var content in _directory.Contents) content.Crash(survival);
        _directory.Crash(survival);
        Restart();
    }

    private void Restart()
    {
        Boot++;
        _isOff = false;
    }

    private VirtualContent ContentOf(string name) =>
        _directory.Seen.TryGetValue(name, out var content) ? content : throw new FileNotFoundException($"'{name}' does not exist.", name);

    private void ThrowIfOff()
    {
        if (_isOff) throw new SimulatedPowerCut(Operations);
    }
}
