using TokMesh.State.Keys;

namespace TokMesh.Redis.FrontEnd;

/// <summary>What the Redis front end can be told.</summary>
public sealed record RedisFrontEndOptions
{
    /// <summary>Milliseconds a command may take; after that the client hears that it failed, or that its outcome is unknown.</summary>
    public int CommandTimeoutMs { get; init; } = 5_000;

    /// <summary>Largest element of a command in bytes (<c>server.redis.max_bulk_size</c>).</summary>
    public int MaxBulkBytes { get; init; } = KeyRules.MaxValueBytes;

    /// <summary>Largest command in bytes; a client that sends more is disconnected.</summary>
    public int MaxCommandBytes { get; init; } = 256 << 20;

    /// <summary>Most commands of one connection that are under way together.</summary>
    public int MaxPipelinedCommands { get; init; } = 1024;

    /// <summary>
    /// Milliseconds a client is waited for that does not read, and one that has sent half of a large command (up to twice as long), while
    /// all together hold too much.
    /// </summary>
    public int PatienceMs { get; init; } = 5_000;

    /// <summary>Failed authentications of one address within a minute, above which each further attempt waits for a second.</summary>
    public int FailedLoginsPerMinute { get; init; } = 20;

    /// <summary>Every problem of these settings; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (CommandTimeoutMs < 1) problems.Add($"CommandTimeoutMs is {CommandTimeoutMs}; it must be at least 1.");
        if (MaxBulkBytes is < 1024 or > KeyRules.MaxValueBytes)
            problems.Add($"MaxBulkBytes is {MaxBulkBytes}; allowed are 1024 to {KeyRules.MaxValueBytes}.");
        if (MaxCommandBytes < MaxBulkBytes || MaxCommandBytes > 1 << 30)
            problems.Add($"MaxCommandBytes is {MaxCommandBytes}; allowed are MaxBulkBytes to {1 << 30}.");
        if (MaxPipelinedCommands is < 1 or > 65_536) problems.Add($"MaxPipelinedCommands is {MaxPipelinedCommands}; allowed are 1 to 65536.");
        if (PatienceMs < 1) problems.Add($"PatienceMs is {PatienceMs}; it must be at least 1.");
        if (FailedLoginsPerMinute < 1) problems.Add($"FailedLoginsPerMinute is {FailedLoginsPerMinute}; it must be at least 1.");
        return problems;
    }
}
