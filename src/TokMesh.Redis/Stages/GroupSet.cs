namespace TokMesh.Redis.Stages;

/// <summary>A set of groups, as bits.</summary>
internal sealed class GroupSet(int groups)
{
    private readonly ulong[] _bits = new ulong[(groups + 63) / 64];
    private bool _any;

    public bool Contains(uint group) => _any && (_bits[group >> 6] & (1ul << (int)(group & 63))) != 0;

    public void Add(uint group)
    {
        _any = true;
        _bits[group >> 6] |= 1ul << (int)(group & 63);
    }

    public void Clear()
    {
        if (_any) Array.Clear(_bits);
        _any = false;
    }
}
