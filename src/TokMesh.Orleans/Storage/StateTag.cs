using System.Globalization;

namespace TokMesh.Orleans.Storage;

/// <summary>
/// An ETag: the version of the head's key in its shard's log, <c>17</c>; with a plus, <c>17+</c>, when there is more in the head than a
/// small state, so that a writer that replaces it must look into it first. No ETag at all stands for no head.
/// </summary>
/// <param name="Version">0 for no head.</param>
/// <param name="HasMore">Whether other keys belong to this head.</param>
internal readonly record struct StateTag(ulong Version, bool HasMore)
{
    public static StateTag Parse(string? etag)
    {
        if (string.IsNullOrEmpty(etag)) return default;
        var hasMore = etag[^1] == '+';
        var digits = hasMore ? etag.AsSpan(0, etag.Length - 1) : etag;
        // One from elsewhere can match nothing that is stored here.
        return ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0
            ? new StateTag(version, hasMore)
            : new StateTag(ulong.MaxValue, false);
    }

    public string? ToEtag() => Version == 0 ? null : Version.ToString(CultureInfo.InvariantCulture) + (HasMore ? "+" : "");
}
