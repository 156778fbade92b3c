using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace TokMesh.Redis.Protocol;

/// <summary>
/// Writes replies in RESP2 or RESP3 (https://redis.io/docs/reference/protocol-spec). Call <see cref="Commit"/> at the end: what
/// was written before is handed on in few pieces.
/// </summary>
/// <param name="output">Takes the bytes.</param>
/// <param name="resp3">Whether RESP3's own types are used.</param>
internal ref struct RespWriter(IBufferWriter<byte> output, bool resp3)
{
    private const int MaxIntegerBytes = 20;
    private readonly IBufferWriter<byte> _output = output;
    private Span<byte> _span;
    private int _used;

    /// <summary>Whether RESP3's own types are used.</summary>
    public readonly bool IsResp3 => resp3;

    /// <summary>Bytes handed on so far.</summary>
    public long Committed { get; private set; }

    /// <summary>Bytes as they are.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= _span.Length - _used)
        {
            bytes.CopyTo(_span[_used..]);
            _used += bytes.Length;
            return;
        }
        Commit();
        Committed += bytes.Length;
        _output.Write(bytes);
    }

    public void Ok() => Raw("+OK\r\n"u8);

    public void Integer(long value) => Number((byte)':', value);

    public void Nil() => Raw(resp3 ? "_\r\n"u8 : "$-1\r\n"u8);

    /// <summary>A simple string: no line ends in it.</summary>
    public void Status(ReadOnlySpan<byte> text)
    {
        Raw("+"u8);
        Raw(text);
        Raw("\r\n"u8);
    }

    public void Bulk(ReadOnlySpan<byte> value)
    {
        Number((byte)'$', value.Length);
        Raw(value);
        Raw("\r\n"u8);
    }

    public void Bulk(string value) => Bulk(Encoding.UTF8.GetBytes(value));

    /// <summary>Text for people: a verbatim string in RESP3, else a bulk string.</summary>
    public void Verbatim(string text)
    {
        if (!resp3)
        {
            Bulk(text);
            return;
        }
        var utf8 = Encoding.UTF8.GetBytes(text);
        Number((byte)'=', utf8.Length + 4);
        Raw("txt:"u8);
        Raw(utf8);
        Raw("\r\n"u8);
    }

    public void Array(int count) => Number((byte)'*', count);

    /// <summary>A set in RESP3, else an array.</summary>
    public void Set(int count) => Number(resp3 ? (byte)'~' : (byte)'*', count);

    /// <summary>A map in RESP3, else an array of names and values.</summary>
    public void Map(int pairs) => Number(resp3 ? (byte)'%' : (byte)'*', resp3 ? pairs : 2L * pairs);

    /// <summary>An error, from its first word on; line ends in it become spaces.</summary>
    public void Error(string text)
    {
        Raw("-"u8);
        Raw(Encoding.UTF8.GetBytes(text.Replace('\r', ' ').Replace('\n', ' ')));
        Raw("\r\n"u8);
    }

    /// <summary>An error that quotes what the client sent, byte for byte; line ends in it become spaces.</summary>
    public void Error(ReadOnlySpan<byte> text)
    {
        var clean = text.ToArray();
        clean.AsSpan().ReplaceAny(LineEnds, (byte)' ');
        Raw("-"u8);
        Raw(clean);
        Raw("\r\n"u8);
    }

    /// <summary>Hands on what was written.</summary>
    public void Commit()
    {
        if (_used > 0) _output.Advance(_used);
        Committed += _used;
        _used = 0;
        _span = default;
    }

    private void Number(byte type, long value)
    {
        const int most = MaxIntegerBytes + 3;
        if (_span.Length - _used < most) Grow(most);
        var target = _span[_used..];
        target[0] = type;
        int digits;
        if ((ulong)value < 10)
        {
            target[1] = (byte)('0' + value);
            digits = 1;
        }
        else Utf8Formatter.TryFormat(value, target[1..], out digits);
        target[digits + 1] = (byte)'\r';
        target[digits + 2] = (byte)'\n';
        _used += digits + 3;
    }

    private void Grow(int least)
    {
        Commit();
        _span = _output.GetSpan(Math.Max(least, 512));
    }

    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);
}
