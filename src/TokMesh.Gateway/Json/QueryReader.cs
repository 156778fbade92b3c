using System.Globalization;
using TokMesh.Cluster.Sessions;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Sessions;

namespace TokMesh.Gateway.Json;

/// <summary>
/// Reads a query string: known parameters, each once. An unknown one is refused, since a filter with a slip in its name would
/// otherwise match everything. The first broken rule stays in <see cref="Broken"/>.
/// </summary>
internal struct QueryReader
{
    private static readonly string[] TimeFormats = ["yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    /// <summary>Characters of a parameter's name that a message repeats.</summary>
    public const int MaxNameShown = 64;

    private readonly List<KeyValuePair<string, string>> _query = [];

    /// <param name="query">As it was sent.</param>
    /// <param name="known">The parameters there may be.</param>
    public QueryReader(string? query, params ReadOnlySpan<string> known)
    {
        Broken = QueryText.TryRead(query, _query);
        for (var i = 0; i < _query.Count; i++)
        {
            var name = _query[i].Key;
            if (known.IndexOf(name) < 0) Break(name.Length <= MaxNameShown ? name : name[..MaxNameShown], $"unknown parameter; known are: {string.Join(", ", known!)}");
            else if (_query.FindIndex(p => p.Key == name) != i) Break(name, "must be there once");
        }
    }

    /// <summary>The first rule that does not hold.</summary>
    public RuleViolation? Broken { get; private set; }

    /// <summary>The parameter's text; null when absent or empty.</summary>
    public readonly string? Text(string name) => _query.Find(p => p.Key == name).Value is { Length: > 0 } text ? text : null;

    /// <summary>The parameter's bytes.</summary>
    public readonly ReadOnlyMemory<byte>? Bytes(string name)
    {
        // Spelled out: a null array would turn into an empty memory, which is a filter, not the absence of one.
        if (Text(name) is not { } text) return null;
        return TextRules.Utf8.GetBytes(text);
    }

    /// <summary>One of two words; the first when absent. True for the second.</summary>
    public bool Choice(string name, string first, string second)
    {
        var text = Text(name);
        if (text is null || text == first) return false;
        if (text != second) Break(name, $"must be '{first}' or '{second}'");
        return true;
    }

    /// <summary>Unix milliseconds, or RFC 3339.</summary>
    public long? Time(string name)
    {
        if (Text(name) is not { } text) return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ms)) return ms;
        var upper = text.ToUpperInvariant();
        if (upper.EndsWith('Z')) upper = upper[..^1] + "+00:00";
        if (DateTimeOffset.TryParseExact(upper, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
            return time.ToUnixTimeMilliseconds();
        Break(name, "must be Unix milliseconds or RFC 3339 (2025-12-17T10:30:00Z)");
        return null;
    }

    /// <summary>An address or CIDR block.</summary>
    public (ReadOnlyMemory<byte> Ip, int PrefixBits)? Block(string name)
    {
        if (Text(name) is not { } text) return null;
        if (IpBytes.TryParseBlock(text, out var ip, out var bits)) return (ip, bits);
        Break(name, "must be an IP address or a CIDR block");
        return null;
    }

    /// <summary>An API key id.</summary>
    public ApiKeyId? KeyId(string name)
    {
        if (Text(name) is not { } text) return null;
        if (ApiKeyId.TryParse(text, out var id)) return id;
        Break(name, "must be an API key id (tmak- and 26 characters)");
        return null;
    }

    /// <summary>A projection; all fields when absent.</summary>
    public SessionFields Fields(string name)
    {
        if (Text(name) is not { } text) return SessionFields.All;
        var broken = SessionJson.TryReadFields(text, out var fields);
        Broken ??= broken;
        return fields;
    }

    /// <summary>Page, from 1, and page size, 1 to 100.</summary>
    public (int Page, int Size) Page()
    {
        var page = Number("page", 1, 1, int.MaxValue, "");
        var size = Number("size", 20, 1, SessionService.MaxPageSize, $" (the maximum is {SessionService.MaxPageSize})");
        return (page, size);
    }

    private int Number(string name, int absent, int min, int max, string hint)
    {
        if (Text(name) is not { } text) return absent;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max) return value;
        Break(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}{hint}"));
        return absent;
    }

    private void Break(string name, string problem) => Broken ??= new RuleViolation(ErrorCode.ArgumentInvalid, $"{name}: {problem}");
}
