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

/// <summary>Counts what the front end does.</summary>
internal sealed class GatewayMeter
{
    private readonly long[] _validated = new long[3];
    private readonly long[] _failures = new long[4];
    private long _created;
    private long _quotaExceeded;
    private long _limitedKeys;
    private long _limitedAddresses;
    private long _noncesForgotten;

    public long Created => Volatile.Read(ref _created);

    public long QuotaExceededCount => Volatile.Read(ref _quotaExceeded);

    public long LimitedKeys => Volatile.Read(ref _limitedKeys);

    public long LimitedAddresses => Volatile.Read(ref _limitedAddresses);

    public long NoncesForgotten => Volatile.Read(ref _noncesForgotten);

    public long Count(ValidateResult result) => Volatile.Read(ref _validated[(int)result]);

    public long Count(AuthFailure reason) => Volatile.Read(ref _failures[(int)reason]);

    public void SessionCreated() => Interlocked.Increment(ref _created);

    public void QuotaExceeded() => Interlocked.Increment(ref _quotaExceeded);

    public void Validated(ValidateResult result) => Interlocked.Increment(ref _validated[(int)result]);

    public void AuthenticationFailed(AuthFailure reason) => Interlocked.Increment(ref _failures[(int)reason]);

    public void RateLimitedKey() => Interlocked.Increment(ref _limitedKeys);

    public void RateLimitedAddress() => Interlocked.Increment(ref _limitedAddresses);

    public void NonceForgottenEarly() => Interlocked.Increment(ref _noncesForgotten);
}
