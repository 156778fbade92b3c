using System.Globalization;
using TokMesh.State.Sessions;

namespace TokMesh.Gateway.FrontEnd;

/// <summary>What the HTTP front end can be told.</summary>
public sealed record GatewayOptions
{
    /// <summary>Most bytes of a request's body.</summary>
    public long MaxBodyBytes { get; init; } = 100L << 20;

    /// <summary>How long a request waits for the store, in milliseconds.</summary>
    public int DeadlineMs { get; init; } = 5000;

    /// <summary>Peers whose forwarding headers are believed: addresses or CIDR blocks.</summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>Client addresses that may use keys at all: addresses or CIDR blocks; empty for every one.</summary>
    public IReadOnlyList<string> AllowList { get; init; } = [];

    /// <summary>Protection against repeated requests.</summary>
    public AntiReplayOptions AntiReplay { get; init; } = new();

    /// <summary>Whether <c>/metrics</c> asks for a key.</summary>
    public bool MetricsAuthentication { get; init; } = true;

    /// <summary>Failed authentications of one address per minute before it is answered 429.</summary>
    public int FailedAuthenticationsPerMinute { get; init; } = 60;

    /// <summary>Every value out of range, one line each; empty when all is well.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        Check(nameof(MaxBodyBytes), MaxBodyBytes, 1 << 20, 1 << 30);
        Check(nameof(DeadlineMs), DeadlineMs, 10, 600_000);
        Check(nameof(FailedAuthenticationsPerMinute), FailedAuthenticationsPerMinute, 1, 1_000_000);
        Check(nameof(AntiReplay.WindowSeconds), AntiReplay.WindowSeconds, 1, 300);
        Check(nameof(AntiReplay.NonceTtlSeconds), AntiReplay.NonceTtlSeconds, 2 * AntiReplay.WindowSeconds, 600);
        Check(nameof(AntiReplay.NonceCacheSize), AntiReplay.NonceCacheSize, 1000, 1_000_000);
        foreach (var block in TrustedProxies.Concat(AllowList))
            if (!IpBytes.TryParseBlock(block, out _, out _)) problems.Add($"'{block}' is not an address or a CIDR block.");
        return problems;

        void Check(string name, long value, long min, long max)
        {
            if (value < min || value > max)
                problems.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; allowed is {min} to {max}."));
        }
    }
}

/// <summary>How repeated requests are told. Headers that are sent are verified in any case.</summary>
public sealed record AntiReplayOptions
{
    /// <summary>Whether writes without the headers are refused.</summary>
    public bool Required { get; init; }

    /// <summary>How far <c>X-Timestamp</c> may be from this node's clock, either way.</summary>
    public int WindowSeconds { get; init; } = 30;

    /// <summary>How long a nonce is remembered; at least twice the window.</summary>
    public int NonceTtlSeconds { get; init; } = 60;

    /// <summary>Most remembered nonces; the oldest go first.</summary>
    public int NonceCacheSize { get; init; } = 100_000;
}
