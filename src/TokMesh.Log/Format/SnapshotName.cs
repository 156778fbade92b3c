using System.Globalization;

namespace TokMesh.Log.Format;

/// <summary>Snapshot file names: <c>snap-group-index-term.tms</c>, plain decimal numbers.</summary>
internal readonly record struct SnapshotName(uint Group, ulong Index, ulong Term)
{
    private const string Prefix = "snap-";
    private const string Suffix = ".tms";

    public string FileName => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Group}-{Index}-{Term}{Suffix}");

    public static bool TryParse(string file, out SnapshotName name)
    {
        name = default;
        if (!file.StartsWith(Prefix, StringComparison.Ordinal) || !file.EndsWith(Suffix, StringComparison.Ordinal)) return false;
        var parts = file[Prefix.Length..^Suffix.Length].Split('-');
        if (parts.Length != 3
            || !uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var group)
            || !ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || !ulong.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var term))
            return false;
        name = new SnapshotName(group, index, term);
        return file == name.FileName;
    }

    /// <summary>The names of a group's snapshots on the disk, newest first.</summary>
    public static List<SnapshotName> Of(IReadOnlyList<string> files, uint group)
    {
        var names = new List<SnapshotName>();
        foreach (var file in files)
            if (TryParse(file, out var name) && name.Group == group) names.Add(name);
        names.Sort(NewestFirst);
        return names;
    }

    public static int NewestFirst(SnapshotName a, SnapshotName b) =>
        a.Index != b.Index ? b.Index.CompareTo(a.Index) : b.Term.CompareTo(a.Term);
}
