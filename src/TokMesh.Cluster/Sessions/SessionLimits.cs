using System.Globalization;
using TokMesh.Cluster.Errors;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Sessions;

namespace TokMesh.Cluster.Sessions;

/// <summary>What sessions may be, whichever way they are made: the same for every front end of a node, and to be the same on every node.</summary>
public sealed record SessionLimits
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>How long a session lives when its creator does not say.</summary>
    public TimeSpan DefaultTtl { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Most a session may be given.</summary>
    public TimeSpan MaxTtl { get; init; } = TimeSpan.FromHours(720);

    /// <summary>Most live sessions of a user.</summary>
    public int QuotaPerUser { get; init; } = 50;

    /// <summary>Every value out of range, one line each; empty when all is well.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (MaxTtl < Shortest || MaxTtl > Longest) problems.Add($"MaxTtl is {MaxTtl}; allowed is {Shortest} to {Longest}.");
        if (DefaultTtl < Shortest || DefaultTtl > MaxTtl) problems.Add($"DefaultTtl is {DefaultTtl}; allowed is {Shortest} to MaxTtl.");
        if (QuotaPerUser is < 1 or > 10_000) problems.Add(string.Create(CultureInfo.InvariantCulture, $"QuotaPerUser is {QuotaPerUser}; allowed is 1 to 10000."));
        return problems;
    }

    /// <summary>The first rule that a new session breaks; null when it breaks none.</summary>
    public RuleViolation? Check(NewSession session) => SessionRules.UserId(session.UserId)
        ?? SessionRules.DeviceId(session.DeviceId)
        ?? (session.Data is null ? null : SessionRules.Data(session.Data))
        ?? (session.TtlMs is { } ttl ? CheckTtl(ttl) : null)
        ?? (session.Token is null || TokenRules.IsWellFormed(session.Token) ? null : new RuleViolation(ErrorCode.TokenMalformed, ErrorCode.TokenMalformed.Message()));

    /// <summary>Whether a session may be made to live so many milliseconds; null when it may.</summary>
    public RuleViolation? CheckTtl(long ms) => SessionRules.CreateTtl(ToSeconds(ms), MaxSeconds);

    /// <summary>Whether a session may be given so many milliseconds more; null when it may.</summary>
    public RuleViolation? CheckRenewal(long ms) => SessionRules.RenewTtl(ToSeconds(ms), MaxSeconds);

    /// <summary>Milliseconds of a number of seconds; of one that has none, the farthest.</summary>
    public static long ToMs(long seconds) => Math.Clamp(seconds, long.MinValue / 1000, long.MaxValue / 1000) * 1000;

    private long MaxSeconds => (long)MaxTtl.TotalSeconds;

    // Rounded up: the limits are in whole seconds.
    private static long ToSeconds(long ms) => (ms / 1000) + (ms % 1000 > 0 ? 1 : 0);
}
