namespace TokMesh.TestKit.Disks;

/// <summary>Names as a process sees them and as they are on the platter, and the changes between the two.</summary>
internal sealed class VirtualDirectory
{
    private readonly List<Change> _unsynced = [];
    private Dictionary<string, VirtualContent> _stored = [];

    public Dictionary<string, VirtualContent> Seen { get; private set; } = [];

    /// <summary>Every content that any outcome of a crash may bring back, each once, in a fixed order.</summary>
    public List<VirtualContent> Contents
    {
        get
        {
            var names = new List<string>(_stored.Keys);
            names.Sort(StringComparer.Ordinal);
            var contents = new List<VirtualContent>();
            foreach (var name in names) contents.Add(_stored[name]);
            // What was created since is in the changes; a failed sync may have made the directory forget them.
            foreach (var change in _unsynced)
                if (!contents.Contains(change.Content)) contents.Add(change.Content);
            return contents;
        }
    }

    public void Create(string name, VirtualContent content) => Do(new Change(null, name, content));

    public void Delete(string name) => Do(new Change(name, null, Seen[name]));

    public void Rename(string from, string to) => Do(new Change(from, to, Seen[from]));

    public void Sync()
    {
        _unsynced.Clear();
        _stored = new Dictionary<string, VirtualContent>(Seen);
    }

    /// <summary>Other names and contents, all stored.</summary>
    public void Replace(Dictionary<string, VirtualContent> contents)
    {
        Seen = contents;
        Sync();
    }

    /// <summary>A sync that fails: what was to be stored may never be.</summary>
    public void ForgetUnsynced() => _unsynced.Clear();

    /// <summary>Power is gone and back; with <paramref name="survival"/> the first few changes are there, or any of them.</summary>
    public void Crash(SeededRandom? survival)
    {
        if (survival is not null)
        {
            var isPrefix = survival.NextBool();
            var kept = survival.Below(_unsynced.Count + 1);
            for (var i = 0; i < _unsynced.Count; i++)
                if (isPrefix ? i < kept : survival.NextBool()) Apply(_stored, _unsynced[i]);
        }
        _unsynced.Clear();
        Seen = new Dictionary<string, VirtualContent>(_stored);
    }

    private static void Apply(Dictionary<string, VirtualContent> names, Change change)
    {
        if (change.From is not null) names.Remove(change.From);
        if (change.To is not null) names[change.To] = change.Content;
    }

    private void Do(Change change)
    {
        _unsynced.Add(change);
        Apply(Seen, change);
    }

    private readonly record struct Change(string? From, string? To, VirtualContent Content);
}
