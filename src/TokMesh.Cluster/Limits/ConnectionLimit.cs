using System.Net;

namespace TokMesh.Cluster.Limits;

/// <summary>Whether a connection may come in.</summary>
public enum Place
{
    /// <summary>It may.</summary>
    Admitted,

    /// <summary>All places are taken; one of the few that are kept for questions of life is free.</summary>
    Reserved,

    /// <summary>No place is left, or none for its address.</summary>
    Refused,
}

/// <summary>
/// Counts the connections of one listener and says when there are enough: below the process's descriptors, so that accepting never fails
/// for want of one. Give back with <see cref="Leave"/> what was not refused.
/// </summary>
/// <param name="name">Of the listener, as metrics name it.</param>
/// <param name="most">Most connections.</param>
/// <param name="mostPerAddress">Most connections of one remote address.</param>
/// <param name="reserved">Places beyond <paramref name="most"/> for questions of life.</param>
public sealed class ConnectionLimit(string name, int most, int mostPerAddress, int reserved = 0)
{
    private const long SayEveryMs = 10_000;
    private static readonly IPAddress Unknown = IPAddress.None;
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _ofAddress = [];
    private long _refused;
    private long _said;
    private long _saidAtMs = -SayEveryMs;

    /// <summary>Of the listener.</summary>
    public string Name => name;

    /// <summary>Most connections.</summary>
    public int Most => most;

    /// <summary>Most connections of one remote address.</summary>
    public int MostPerAddress => mostPerAddress;

    /// <summary>Connections that are open.</summary>
    public int Open { get; private set; }

    /// <summary>Connections ever refused.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>A connection has been accepted.</summary>
    public Place Enter(IPAddress? address)
    {
        address ??= Unknown;
        lock (_lock)
        {
            var same = _ofAddress.GetValueOrDefault(address);
            if (Open < most && same < mostPerAddress) return Take(Place.Admitted);
            if (Open < most + reserved && same < mostPerAddress + reserved) return Take(Place.Reserved);
            CountRefused();
            return Place.Refused;

            Place Take(Place place)
            {
                Open++;
                _ofAddress[address] = same + 1;
                return place;
            }
        }
    }

    /// <summary>A connection that was not refused has ended.</summary>
    public void Leave(IPAddress? address)
    {
        address ??= Unknown;
        lock (_lock)
        {
            Open--;
            if (_ofAddress[address] == 1) _ofAddress.Remove(address);
            else _ofAddress[address]--;
        }
    }

    /// <summary>A connection in a reserved place asked for something else, and was refused.</summary>
    public void CountRefused() => Interlocked.Increment(ref _refused);

    /// <summary>How many were refused since this last gave a number, every ten seconds at most; else 0.</summary>
    /// <param name="nowMs">Monotonic milliseconds.</param>
    public long RefusedToSay(long nowMs)
    {
        lock (_lock)
        {
            if (nowMs - _saidAtMs < SayEveryMs) return 0;
            var refused = Refused;
            var since = refused - _said;
            if (since > 0) (_said, _saidAtMs) = (refused, nowMs);
            return since;
        }
    }
}
