using System.Collections.Concurrent;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Clocks;

namespace TokMesh.Gateway.Protection;

/// <summary>
/// Limits failed authentications per address, since each costs a key derivation. A credential that was right here
/// lately is never held up by what others behind its address do.
/// </summary>
internal sealed class FailedAttempts(IClock clock, Authenticator authenticator, int perMinute)
{
    private const int PeriodMs = 60_000;
    private const int MaxAddresses = 100_000;
    private readonly ConcurrentDictionary<UInt128, TokenBucket> _buckets = new();
    private readonly TokenBucket _allOthers = new();
    private int _addresses;

    /// <summary>Whether a try from the address must be refused unseen.</summary>
    public bool IsBlocked(ReadOnlySpan<byte> address, ReadOnlySpan<char> keyId, string secret, out long waitMs)
    {
        waitMs = 0;
        // The dictionary's own count would take all of its locks, for every request.
        var bucket = _buckets.TryGetValue(NameOf(address), out var own) ? own : Volatile.Read(ref _addresses) < MaxAddresses ? null : _allOthers;
        return bucket is not null && bucket.IsEmpty(clock.MonotonicMs, perMinute, PeriodMs, out waitMs) && !authenticator.WasRight(keyId, secret);
    }

    /// <summary>A try has failed.</summary>
    public void Failed(ReadOnlySpan<byte> address)
    {
        var name = NameOf(address);
        var now = clock.MonotonicMs;
        if (!_buckets.TryGetValue(name, out var bucket))
        {
            if (_buckets.Count >= MaxAddresses)
                foreach (var (old, full) in _buckets) if (full.FullInMs(now) == 0) _buckets.TryRemove(old, out _);
            bucket = _buckets.Count >= MaxAddresses ? _allOthers : _buckets.GetOrAdd(name, static _ => new TokenBucket());
            Volatile.Write(ref _addresses, _buckets.Count);
        }
        bucket.TryTake(now, perMinute, PeriodMs, out _);
    }

    /// <summary>An IPv6 address counts by its /64, which one host has to itself.</summary>
    private static UInt128 NameOf(ReadOnlySpan<byte> address)
    {
        Span<byte> name = stackalloc byte[16];
        name.Clear();
        name[15] = (byte)address.Length;
        address[..Math.Min(8, address.Length)].CopyTo(name);
        return BitConverter.ToUInt128(name);
    }
}
