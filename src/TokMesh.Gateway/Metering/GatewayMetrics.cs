using System.Diagnostics.Metrics;
using System.Globalization;

namespace TokMesh.Gateway.Metering;

/// <summary>How a validation ended.</summary>
internal enum ValidateResult
{
    Valid,
    Invalid,
    Error,
}

/// <summary>Why an authentication failed.</summary>
internal enum AuthFailure
{
    Missing,
    InvalidKey,
    Disabled,
    IpBlocked,
}

/// <summary>
/// What the HTTP front end does, as instruments of the meter <see cref="MeterName"/>. Counters are observed, so that they are there, at zero,
/// before anything is counted.
/// </summary>
internal sealed class GatewayMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "TokMesh.Gateway";

    private static readonly string[] Statuses = [.. Enumerable.Range(0, 600).Select(static s => s.ToString(CultureInfo.InvariantCulture))];
    private readonly Histogram<double> _durations;
    private readonly long[] _validated = new long[3];
    private readonly long[] _failures = new long[4];
    private long _created;
    private long _quotaExceeded;
    private long _limitedKeys;
    private long _limitedAddresses;
    private long _noncesForgotten;

    public GatewayMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        // Fixed bounds, so that those of several nodes can be added.
        _durations = meter.CreateHistogram("tokmesh_api_request_duration_seconds", "s", "Time to answer by method, path and status.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [.001, .005, .01, .025, .05, .1, .25, .5, 1] });
        meter.CreateObservableCounter("tokmesh_session_create_total", () => Volatile.Read(ref _created), null, "Sessions created through HTTP.");
        meter.CreateObservableCounter("tokmesh_session_quota_exceeded_total", () => Volatile.Read(ref _quotaExceeded), null, "Creates refused because of the user's quota.");
        meter.CreateObservableCounter("tokmesh_token_validate_calls_total", () => OfEach(_validated, "result", "valid", "invalid", "error"), null, "Token validations by result.");
        meter.CreateObservableCounter("tokmesh_auth_failures_total", () => OfEach(_failures, "reason", "missing", "invalid_key", "disabled", "ip_blocked"), null,
            "Failed authentications by reason; an expired key counts as invalid.");
        meter.CreateObservableCounter("tokmesh_rate_limited_total", () => OfEach([Volatile.Read(ref _limitedKeys), Volatile.Read(ref _limitedAddresses)], "scope", "key", "address"),
            null, "Requests answered 429 by scope.");
        meter.CreateObservableCounter("tokmesh_nonces_forgotten_total", () => Volatile.Read(ref _noncesForgotten), null, "Nonces forgotten before their time because the cache was full.");
    }

    public void SessionCreated() => Interlocked.Increment(ref _created);

    public void QuotaExceeded() => Interlocked.Increment(ref _quotaExceeded);

    public void Validated(ValidateResult result) => Interlocked.Increment(ref _validated[(int)result]);

    public void AuthenticationFailed(AuthFailure reason) => Interlocked.Increment(ref _failures[(int)reason]);

    public void RateLimitedKey() => Interlocked.Increment(ref _limitedKeys);

    public void RateLimitedAddress() => Interlocked.Increment(ref _limitedAddresses);

    public void NonceForgottenEarly() => Interlocked.Increment(ref _noncesForgotten);

    /// <summary>A request has been answered.</summary>
    public void Answered(string method, string path, int status, TimeSpan duration) =>
        // A client may send any word as its method: all but those that are answered share one label.
        _durations.Record(duration.TotalSeconds, new("method", method is "GET" or "HEAD" or "POST" ? method : "other"), new("path", path), new("status", Statuses[status % Statuses.Length]));

    private static IEnumerable<Measurement<long>> OfEach(long[] counts, string label, params string[] values) =>
        values.Select((value, i) => new Measurement<long>(Volatile.Read(ref counts[i]), new KeyValuePair<string, object?>(label, value)));
}
