namespace TokMesh.Redis.Protocol;

/// <summary>The words of one command: slices of the bytes they arrived in, valid until those are consumed.</summary>
/// <param name="data">The bytes.</param>
/// <param name="ranges">Start and length of each word, in turn.</param>
internal readonly ref struct Request(ReadOnlySpan<byte> data, ReadOnlySpan<int> ranges)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private readonly ReadOnlySpan<int> _ranges = ranges;

    /// <summary>Words, the command's name included.</summary>
    public int Count => _ranges.Length / 2;

    public ReadOnlySpan<byte> this[int word] => _data.Slice(_ranges[2 * word], _ranges[(2 * word) + 1]);

    /// <summary>A copy that outlives the input.</summary>
    public byte[][] Copy()
    {
        var words = new byte[Count][];
        for (var i = 0; i < words.Length; i++) words[i] = this[i].ToArray();
        return words;
    }
}
