using TokMesh.Cluster.Calls;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Stages;

namespace TokMesh.Redis.Keys;

/// <summary>Sorts the keys of one command by their groups, in time linear in the keys. One per connection, used again.</summary>
internal sealed class KeySplit
{
    private int[] _slotOfGroup = [];
    private int[] _next = [];
    private int[] _groupOfKey = [];
    private readonly List<(uint Group, int First, int Last, int Count)> _parts = [];

    /// <summary>How many groups the keys fall into.</summary>
    public int Parts => _parts.Count;

    /// <summary>The group of a part.</summary>
    public uint GroupOf(int part) => _parts[part].Group;

    /// <summary>Keys of a part.</summary>
    public int CountOf(int part) => _parts[part].Count;

    /// <summary>The first key of a part, in their order.</summary>
    public int FirstOf(int part) => _parts[part].First;

    /// <summary>The next key of the same part; -1 at its end.</summary>
    public int NextOf(int key) => _next[key];

    /// <summary>Which part has which key.</summary>
    public int[] PartOfKey(int keys) => _groupOfKey.AsSpan(0, keys).ToArray();

    /// <summary>Sorts <paramref name="keys"/> keys: words 1, 1 + step and so on.</summary>
    public void Sort(CommandScope scope, in Request request, int keys, int step)
    {
        foreach (var (group, _, _, _) in _parts) _slotOfGroup[group] = 0;
        _parts.Clear();
        if (_slotOfGroup.Length == 0) _slotOfGroup = new int[scope.FrontEnd.ShardCount + 1];
        if (_next.Length < keys || _next.Length > Math.Max(1024, 8 * keys))
        {
            _next = new int[keys];
            _groupOfKey = new int[keys];
        }
        for (var key = 0; key < keys; key++)
        {
            var group = scope.GroupOf(request[1 + (key * step)]);
            _next[key] = -1;
            var slot = _slotOfGroup[group] - 1;
            if (slot < 0)
            {
                slot = _parts.Count;
                _slotOfGroup[group] = slot + 1;
                _parts.Add((group, key, key, 1));
            }
            else
            {
                var (_, first, last, count) = _parts[slot];
                _next[last] = key;
                _parts[slot] = (group, first, key, count + 1);
            }
            _groupOfKey[key] = slot;
        }
    }

    /// <summary>Whether every group may be read or written in this stage.</summary>
    public bool MayUse(Stage stage, CallKind kind)
    {
        foreach (var (group, _, _, _) in _parts)
            if (kind == CallKind.Write ? !stage.MayWrite(group) : !stage.MayRead(group)) return false;
        return true;
    }
}
