namespace TokMesh.Launcher;

/// <summary>Nodes that run on a data directory, found without its <c>cluster.json</c>: by what the processes of this machine were started with.</summary>
internal static class FoundNodes
{
    private const string DirectoryOption = "--storage.dir=";
    private const string IdOption = "--cluster.node-id=";

    /// <summary>Server processes whose own directory is directly below <paramref name="data"/>, by name.</summary>
    public static IReadOnlyList<RunningNode> Below(string data)
    {
        var found = new List<RunningNode>();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), out var pid) || Read(process) is not { } words) continue;
            var directory = ValueOf(words, DirectoryOption);
            // The program, its server, and a place of this cluster: all three, since it will be told to end.
            if (directory.Length == 0 || Path.GetDirectoryName(Path.GetFullPath(directory)) != data) continue;
            if (!words.Take(2).Any(w => Path.GetFileNameWithoutExtension(w) == "tokmesh-server")) continue;
            var node = new RunningNode(ValueOf(words, IdOption) is { Length: > 0 } id ? id : Path.GetFileName(directory), pid, "", "", "", directory);
            if (NodeProcess.IsRunning(node)) found.Add(node);
        }
        return [.. found.OrderBy(n => n.Id, StringComparer.Ordinal)];
    }

    private static string[]? Read(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is somebody else's.
            return null;
        }
    }

    private static string ValueOf(string[] words, string option) =>
        words.FirstOrDefault(w => w.StartsWith(option, StringComparison.Ordinal)) is { } word ? word[option.Length..] : "";
}
