namespace TokMesh.Gateway.Requests;

/// <summary>The segments of a request target's path, not decoded.</summary>
internal readonly ref struct PathSegments
{
    private readonly ReadOnlySpan<char> _path;

    private PathSegments(ReadOnlySpan<char> path) => _path = path;

    /// <summary>How many segments there are.</summary>
    public int Count => _path.Count('/');

    /// <summary>Of a target in origin form (<c>/a/b?c</c>) or absolute form (<c>http://host/a/b?c</c>). One slash at the end is not counted.</summary>
    public static PathSegments Of(ReadOnlySpan<char> target)
    {
        if (!target.StartsWith('/'))
        {
            var authority = target.IndexOf("://");
            var path = authority < 0 ? -1 : target[(authority + 3)..].IndexOf('/');
            target = path < 0 ? "/" : target[(authority + 3 + path)..];
        }
        var query = target.IndexOf('?');
        if (query >= 0) target = target[..query];
        return new PathSegments(target is [.., _, '/'] ? target[..^1] : target);
    }

    /// <summary>The last segment for 0, the one before for 1, and so on.</summary>
    public ReadOnlySpan<char> FromEnd(int index)
    {
        var rest = _path;
        while (true)
        {
            var slash = rest.LastIndexOf('/');
            if (slash < 0) return default;
            if (index-- == 0) return rest[(slash + 1)..];
            rest = rest[..slash];
        }
    }

    /// <summary>The bytes of a percent-encoded segment; false when an escape is cut off or a character is not ASCII.</summary>
    public static bool TryDecode(ReadOnlySpan<char> segment, out byte[] bytes)
    {
        bytes = new byte[segment.Length];
        var length = 0;
        for (var i = 0; i < segment.Length; i++)
        {
            var c = segment[i];
            if (c > '~') return false;
            if (c != '%')
            {
                bytes[length++] = (byte)c;
                continue;
            }
            if (i + 2 >= segment.Length || !char.IsAsciiHexDigit(segment[i + 1]) || !char.IsAsciiHexDigit(segment[i + 2])) return false;
            bytes[length++] = Convert.FromHexString(segment.Slice(i + 1, 2))[0];
            i += 2;
        }
        Array.Resize(ref bytes, length);
        return length > 0;
    }
}
