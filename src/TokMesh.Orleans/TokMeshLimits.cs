using System.Globalization;

namespace TokMesh.Orleans;

/// <summary>
/// Limits of sessions that are made through grains: the same as at the HTTP door of the same cluster, or what one door refuses the other
/// lets through.
/// </summary>
public sealed record TokMeshLimits
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
}
