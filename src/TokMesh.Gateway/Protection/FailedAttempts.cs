using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using TokMesh.Cluster.Clocks;

namespace TokMesh.Gateway.Protection;

/// <summary>
/// Limits failed authentications per address, since each costs a key derivation. A credential that was right here
/// a short while ago is never held up by what others behind its address do.
/// </summary>
internal sealed class FailedAttempts(IClock clock, int perMinute)
{
    private const int PeriodMs = 60_000;
    private const int MaxAddresses = 100_000;
    private const int MaxCredentials = 10_000;
    private readonly ConcurrentDictionary<UInt128, TokenBucket> _buckets = new();
    private readonly ConcurrentDictionary<UInt128, long> _goodUntil = new();
    private readonly TokenBucket _allOthers = new();
    private int _addresses;

    /// <summary>Whether a try from the address must be refused unseen.</summary>
    public bool IsBlocked(ReadOnlySpan<byte> address, ReadOnlySpan<char> keyId, ReadOnlySpan<char> secret, out long waitMs)
    {
        waitMs = 0;
        // The dictionary's own count would take all of its locks, for every request.
        var bucket = _buckets.TryGetValue(NameOf(address), out var own) ? own : Volatile.Read(ref _addresses) < MaxAddresses ? null : _allOthers;
        return bucket is not null && bucket.IsEmpty(clock.MonotonicMs, perMinute, PeriodMs, out waitMs) && !IsGood(keyId, secret);
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

    /// <summary>A credential was right.</summary>
    public void Succeeded(ReadOnlySpan<char> keyId, ReadOnlySpan<char> secret)
    {
        var name = NameOf(keyId, secret);
        var now = clock.MonotonicMs;
        // Written rarely, so that one busy key does not make its callers wait for each other.
        if (_goodUntil.TryGetValue(name, out var until) && until - now > PeriodMs / 2) return;
        if (_goodUntil.Count >= MaxCredentials) _goodUntil.Clear();
        _goodUntil[name] = now + PeriodMs;
    }

    private bool IsGood(ReadOnlySpan<char> keyId, ReadOnlySpan<char> secret) =>
        _goodUntil.TryGetValue(NameOf(keyId, secret), out var until) && until > clock.MonotonicMs;

    /// <summary>An IPv6 address counts by its /64, which one host has to itself.</summary>
    private static UInt128 NameOf(ReadOnlySpan<byte> address)
    {
        Span<byte> name = stackalloc byte[16];
        name.Clear();
        name[15] = (byte)address.Length;
        address[..Math.Min(8, address.Length)].CopyTo(name);
        return BitConverter.ToUInt128(name);
    }

    private static UInt128 NameOf(ReadOnlySpan<char> keyId, ReadOnlySpan<char> secret)
    {
        // Of right credentials this is all there is; of longer ones a hash of the beginning serves, since they are never right.
        Span<byte> text = stackalloc byte[256];
        Span<byte> hash = stackalloc byte[32];
        var length = Encoding.UTF8.GetBytes(keyId[..Math.Min(keyId.Length, 40)], text);
        text[length++] = (byte)':';
        length += Encoding.UTF8.GetBytes(secret[..Math.Min(secret.Length, 30)], text[length..]);
        length += Encoding.UTF8.GetBytes(secret[Math.Max(0, secret.Length - 18)..], text[length..]);
        SHA256.HashData(text[..length], hash);
        return BitConverter.ToUInt128(hash);
    }
}
