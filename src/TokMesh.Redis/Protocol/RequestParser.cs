namespace TokMesh.Redis.Protocol;

/// <summary>What <see cref="RequestParser.Next"/> found.</summary>
internal enum ParseStatus : byte
{
    /// <summary>The input ends inside the command; parsing goes on from there when there is more.</summary>
    Incomplete,

    /// <summary>A command, or an empty one to skip (<see cref="RequestParser.Words"/> 0).</summary>
    Complete,

    /// <summary>Not the protocol: say <see cref="RequestParser.Problem"/> and close.</summary>
    Failed,
}

/// <summary>
/// Reads commands from contiguous input, as Redis 7.0's <c>networking.c</c> does, with its limits and its words for what is wrong
/// (https://redis.io/docs/reference/protocol-spec). A half-received command is not parsed again from its start: places are kept
/// relative to it, so the caller may move the bytes meanwhile.
/// </summary>
internal sealed class RequestParser(int maxBulkBytes)
{
    /// <summary>Most elements of one command.</summary>
    public const int MaxElements = 1_048_576;

    private const int MaxLineBytes = 64 * 1024;
    private const int UnauthenticatedElements = 10;
    private const int UnauthenticatedBulkBytes = 16_384;
    private const int KeptWords = 1024;

    private int[] _ranges = new int[16];
    private byte[] _inline = [];
    private bool _isInline;
    private int _position;
    private int _awaited;
    private int _bulkBytes = -1;

    /// <summary>Words of the command that is complete.</summary>
    public int Words { get; private set; }

    /// <summary>What is wrong, in Redis's words.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>After Incomplete: how long the input must at least become.</summary>
    public int Needed { get; private set; }

    /// <summary>Looks for one whole command at the start of <paramref name="input"/>.</summary>
    /// <param name="input">What is not consumed yet; it begins where it began at the last call, unless that was Complete.</param>
    /// <param name="authenticated">Whether the larger limits hold.</param>
    /// <param name="consumed">Bytes of the command, when Complete.</param>
    public ParseStatus Next(ReadOnlySpan<byte> input, bool authenticated, out int consumed)
    {
        consumed = 0;
        Needed = input.Length + 1;
        if (_awaited == 0)
        {
            Words = 0;
            if (input.IsEmpty) return ParseStatus.Incomplete;
            if (input[0] != '*') return NextInline(input, out consumed);
            switch (TryNumber(input, 1, 0, out var elements, out var next))
            {
                case Number.Incomplete:
                    return ParseStatus.Incomplete;
                case Number.TooLong:
                    return Fail("too big mbulk count string");
                case Number.Invalid:
                    return Fail("invalid multibulk length");
            }
            if (elements > MaxElements) return Fail("invalid multibulk length");
            if (elements > UnauthenticatedElements && !authenticated) return Fail("unauthenticated multibulk length");
            if (elements <= 0)
            {
                consumed = next;
                return ParseStatus.Complete;
            }
            _isInline = false;
            _awaited = (int)elements;
            _position = next;
            if (_ranges.Length > 2 * KeptWords) _ranges = new int[16];
        }
        while (_awaited > 0)
        {
            if (_bulkBytes < 0)
            {
                var status = TryBulkHead(input, authenticated);
                if (status != ParseStatus.Complete) return status;
            }
            // The line end is skipped unseen, as Redis does.
            if (input.Length - _position < _bulkBytes + 2)
            {
                Needed = _position + _bulkBytes + 2;
                return ParseStatus.Incomplete;
            }
            if (2 * Words == _ranges.Length) Array.Resize(ref _ranges, _ranges.Length * 2);
            _ranges[2 * Words] = _position;
            _ranges[(2 * Words) + 1] = _bulkBytes;
            Words++;
            _position += _bulkBytes + 2;
            _bulkBytes = -1;
            _awaited--;
        }
        consumed = _position;
        return ParseStatus.Complete;
    }

    /// <summary>The complete command, given the input it was found in.</summary>
    public Request Current(ReadOnlySpan<byte> input) => new(_isInline ? _inline : input, _ranges.AsSpan(0, 2 * Words));

    private ParseStatus TryBulkHead(ReadOnlySpan<byte> input, bool authenticated)
    {
        if (_position >= input.Length) return ParseStatus.Incomplete;
        if (input[_position] == '\r' && input.Length - _position > 1) return Fail("expected '$', got ' '");
        var number = TryNumber(input, _position + 1, _position, out var bytes, out var next);
        if (number == Number.Incomplete) return ParseStatus.Incomplete;
        if (number == Number.TooLong) return Fail("too big bulk count string");
        var first = input[_position];
        if (first != '$') return Fail($"expected '$', got '{(char)first}'");
        if (number == Number.Invalid || bytes < 0 || bytes > maxBulkBytes) return Fail("invalid bulk length");
        if (bytes > UnauthenticatedBulkBytes && !authenticated) return Fail("unauthenticated bulk length");
        _bulkBytes = (int)bytes;
        _position = next;
        return ParseStatus.Complete;
    }

    private ParseStatus NextInline(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = 0;
        var end = input.IndexOf((byte)'\n');
        if (end < 0) return input.Length > MaxLineBytes ? Fail("too big inline request") : ParseStatus.Incomplete;
        var line = input[..end];
        if (line is [.., (byte)'\r']) line = line[..^1];
        if (_inline.Length < line.Length) _inline = new byte[line.Length];
        if (!InlineSplitter.TrySplit(line, _inline, ref _ranges, out var words)) return Fail("unbalanced quotes in request");
        _isInline = true;
        Words = words;
        consumed = end + 1;
        return ParseStatus.Complete;
    }

    /// <summary>A number that a carriage return ends; what follows that is skipped unseen.</summary>
    private static Number TryNumber(ReadOnlySpan<byte> input, int at, int lineStart, out long value, out int next)
    {
        value = 0;
        var i = at;
        while (i < input.Length && i - at < 9 && (uint)(input[i] - '0') <= 9) value = (value * 10) + (input[i++] - '0');
        next = i + 2;
        if (i > at && i + 1 < input.Length && input[i] == '\r' && (input[at] != '0' || i == at + 1)) return Number.Valid;
        // Unusual: too short yet, negative, very long or no number.
        var end = at >= input.Length ? -1 : input[at..].IndexOf((byte)'\r');
        if (end < 0) return input.Length - lineStart > MaxLineBytes ? Number.TooLong : Number.Incomplete;
        next = at + end + 2;
        if (next > input.Length) return Number.Incomplete;
        return RedisInteger.TryParse(input.Slice(at, end), out value) ? Number.Valid : Number.Invalid;
    }

    private ParseStatus Fail(string problem)
    {
        Problem = problem;
        return ParseStatus.Failed;
    }

    private enum Number : byte
    {
        Incomplete,
        Valid,
        Invalid,
        TooLong,
    }
}
