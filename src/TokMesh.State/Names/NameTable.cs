namespace TokMesh.State.Names;

/// <summary>The pointers a shard holds, and which of them await confirmation. Order of enumeration means nothing.</summary>
internal sealed class NameTable
{
    private readonly Dictionary<Name, NamePointer> _pointers = [];
    private readonly HashSet<Name> _reserved = [];

    public int Count => _pointers.Count;

    public Dictionary<Name, NamePointer>.ValueCollection All => _pointers.Values;

    public NamePointer? Find(Name name) => _pointers.Count == 0 ? null : _pointers.GetValueOrDefault(name);

    public void Put(NamePointer pointer)
    {
        _pointers[pointer.Name] = pointer;
        if (pointer.State == NameState.Reserved) _reserved.Add(pointer.Name);
        else _reserved.Remove(pointer.Name);
    }

    public void Remove(Name name)
    {
        _pointers.Remove(name);
        _reserved.Remove(name);
    }

    /// <summary>Reserved pointers past their time, at most <paramref name="limit"/>, in no particular order.</summary>
    public List<NamePointer> Unconfirmed(long now, int limit)
    {
        var found = new List<NamePointer>();
        foreach (var name in _reserved)
        {
            if (found.Count == limit) break;
            var pointer = _pointers[name];
            if (pointer.NotAfterMs < now) found.Add(pointer);
        }
        return found;
    }
}
