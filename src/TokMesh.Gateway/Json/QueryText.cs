using System.Text;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Json;

/// <summary>
/// Takes a query string apart as it was sent. The framework's own reader leaves an escape that is not UTF-8 as it is, so that <c>%FF</c>
/// and <c>%25FF</c> would be one text.
/// </summary>
internal static class QueryText
{
    /// <summary>The parameters in order; null when the rule holds for all of them.</summary>
    public static RuleViolation? TryRead(ReadOnlySpan<char> query, List<KeyValuePair<string, string>> parameters)
    {
        if (query is ['?', ..]) query = query[1..];
        foreach (var range in query.Split('&'))
        {
            var pair = query[range];
            if (pair.IsEmpty) continue;
            var equals = pair.IndexOf('=');
            var broken = TryDecode("query", equals < 0 ? pair : pair[..equals], out var name);
            if (broken is not null) return broken;
            broken = TryDecode(name.Length <= QueryReader.MaxNameShown ? name : name[..QueryReader.MaxNameShown], equals < 0 ? default : pair[(equals + 1)..], out var value);
            if (broken is not null) return broken;
            parameters.Add(new(name, value));
        }
        return null;
    }

    private static RuleViolation? TryDecode(string field, ReadOnlySpan<char> encoded, out string text)
    {
        text = "";
        if (encoded.IsEmpty) return null;
        var bytes = new byte[encoded.Length * 3];
        var length = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] == '%')
            {
                if (i + 2 >= encoded.Length || !char.IsAsciiHexDigit(encoded[i + 1]) || !char.IsAsciiHexDigit(encoded[i + 2]))
                    return new(ErrorCode.ArgumentInvalid, $"{field}: a '%' must be followed by two hexadecimal digits; write '%25' for a percent sign");
                bytes[length++] = Convert.FromHexString(encoded.Slice(i + 1, 2))[0];
                i += 2;
            }
            else if (encoded[i] <= '~') bytes[length++] = encoded[i] == '+' ? (byte)' ' : (byte)encoded[i];
            else if (Rune.DecodeFromUtf16(encoded[i..], out var rune, out var chars) == System.Buffers.OperationStatus.Done)
            {
                length += rune.EncodeToUtf8(bytes.AsSpan(length));
                i += chars - 1;
            }
            else return TextRules.Check(field, encoded.Slice(i, 1));
        }
        return TextRules.Read(field, bytes.AsSpan(0, length), out text);
    }
}
