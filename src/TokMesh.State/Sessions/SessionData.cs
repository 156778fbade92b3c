using System.Buffers;
using TokMesh.State.Errors;
using TokMesh.State.Wire;

namespace TokMesh.State.Sessions;

/// <summary>
/// The encoded form of a session's data map, as ops, records and replies carry it: nothing at all for an empty map, else
/// <c>count:varint | count × (key bytes, value bytes)</c>, UTF-8, in the client's order.
/// </summary>
public static class SessionData
{
    /// <summary>Encodes a map that <see cref="SessionRules.Data"/> has accepted.</summary>
    public static byte[] Encode(IReadOnlyCollection<KeyValuePair<string, string>> data)
    {
        if (data.Count == 0) return [];
        var output = new ArrayBufferWriter<byte>(256);
        output.WriteVarint((ulong)data.Count);
        foreach ((var key, var value) in data)
        {
            output.WriteBytes(TextRules.Utf8.GetBytes(key));
            output.WriteBytes(TextRules.Utf8.GetBytes(value));
        }
        return output.WrittenSpan.ToArray();
    }

    internal static bool IsWellFormed(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty) return true;
        var reader = new WireReader(data);
        for (var count = reader.Count(); count > 0; count--)
        {
            reader.Bytes();
            reader.Bytes();
        }
        return reader.AtEnd;
    }
}

/// <summary>Walks a data map.</summary>
public ref struct SessionDataReader
{
    private WireReader _reader;
    private int _left;

    internal SessionDataReader(ReadOnlySpan<byte> data)
    {
        _reader = new WireReader(data);
        Count = _left = data.IsEmpty ? 0 : _reader.Count();
    }

    /// <summary>Pairs in the map.</summary>
    public int Count { get; }

    /// <summary>The current key, UTF-8.</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>The current value, UTF-8.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes to the next pair; false at the end.</summary>
    public bool MoveNext()
    {
        if (_left == 0) return false;
        _left--;
        Key = _reader.Bytes();
        Value = _reader.Bytes();
        return true;
    }
}
