namespace TokMesh.Redis.Tests;

/// <summary>Where the replies differ from Redis's on purpose, and why.</summary>
internal static class Exceptions
{
    /// <summary>The reason of a difference; null if there must be none.</summary>
    public static string? Reason(CorpusCommand command, string redis, string here)
    {
        var line = command.Line;
        if (redis.StartsWith("-WRONGPASS", StringComparison.Ordinal) && here.StartsWith("-WRONGPASS TM-AUTH-4011 ", StringComparison.Ordinal))
            return "The contract's code stands behind Redis's word.";
        if (line == "SCAN -1") return "A cursor SCAN never gives: Redis reads it as a huge number, here it is refused.";
        return null;
    }
}
