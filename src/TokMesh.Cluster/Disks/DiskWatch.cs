namespace TokMesh.Cluster.Disks;

/// <summary>How a node's disk answers.</summary>
public enum DiskState : byte
{
    /// <summary>As usual.</summary>
    Answers,

    /// <summary>What was handed to it has not come back for far longer than usual.</summary>
    Hangs,

    /// <summary>It answers again, but has not done so for long enough to be trusted.</summary>
    Recovers,
}

/// <summary>
/// Tells a disk that hangs from one that is slow. A hang is a write that has made no progress for an election timeout, and for several
/// times what writes took lately: a disk that always takes a second does not hang when one takes a second. After a hang the disk must
/// answer for a while, longer each time it hangs again, so that leadership does not go to and fro. Time during which the process itself
/// stood still does not count. Any thread.
/// </summary>
public sealed class DiskWatch
{
    /// <summary>How many recent writes say what is usual: what three quarters of them took no longer than.</summary>
    private const int Recent = 16;

    /// <summary>How much longer than that a write must take.</summary>
    private const int TimesUsual = 3;

    /// <summary>However slow it usually is, a disk hangs after so many election timeouts.</summary>
    private const int MostTimeouts = 10;

    /// <summary>Between two looks at most so much time is taken to have passed for the disk: the process may have been stopped.</summary>
    private const int MostBetweenLooksMs = 100;

    /// <summary>The slowest disk that is expected to do; much data takes its time.</summary>
    private const long SlowestBytesPerMs = 4 << 10;

    private const int LatelyMs = 10_000;
    private const int FirstTrustMs = 2_000;
    private const int MostTrustMs = 60_000;

    private readonly Lock _lock = new();
    private readonly int _timeoutMs;
    private readonly Action _changed;
    private readonly Queue<(long At, long TookMs)> _recent = new();
    private int _outstanding;
    private long _outstandingBytes;
    private long _waitedMs;
    private long _lookedAt;
    private long _trustedAt;
    private long _trustMs = FirstTrustMs;
    private long _hungAt = long.MinValue / 2;
    private long _hungMs;
    private volatile DiskState _state;

    /// <param name="electionTimeoutMs">The shortest time that is called a hang, in milliseconds.</param>
    /// <param name="changed">Told of every new state.</param>
    public DiskWatch(int electionTimeoutMs, Action changed) => (_timeoutMs, _changed) = (electionTimeoutMs, changed);

    /// <summary>What to think of the disk.</summary>
    public DiskState State => _state;

    /// <summary>How long what was handed to the disk has made no progress, in milliseconds; zero when nothing waits.</summary>
    public long WaitingMs
    {
        get
        {
            lock (_lock) return _outstanding == 0 ? 0 : _waitedMs;
        }
    }

    /// <summary>Bytes that were handed to the disk and are not durable yet.</summary>
    public long WaitingBytes => Volatile.Read(ref _outstandingBytes);

    /// <summary>A write of so many bytes was handed over.</summary>
    public void Submitted(long bytes, long nowMs)
    {
        lock (_lock)
        {
            _outstandingBytes += bytes;
            if (_outstanding++ > 0) return;
            (_waitedMs, _lookedAt) = (0, nowMs);
        }
    }

    /// <summary>Some came back, in one write to the disk.</summary>
    public void Completed(int count, long bytes, long nowMs)
    {
        var changed = false;
        lock (_lock)
        {
            Pass(nowMs);
            var waited = _waitedMs;
            _outstanding -= count;
            _outstandingBytes -= bytes;
            _waitedMs = 0;
            // A hang counts too: if all writes take so long, that is how the disk is.
            _recent.Enqueue((nowMs, waited));
            if (_recent.Count > Recent) _recent.Dequeue();
            if (_state == DiskState.Hangs)
            {
                (_state, changed) = (DiskState.Recovers, true);
                _hungMs = waited;
                _trustedAt = nowMs + _trustMs;
            }
        }
        if (changed) _changed();
    }

    /// <summary>Time passes: call every few tens of milliseconds.</summary>
    public void Look(long nowMs)
    {
        var changed = false;
        lock (_lock)
        {
            Pass(nowMs);
            if (_state != DiskState.Hangs && _outstanding > 0 && _waitedMs >= _timeoutMs && _waitedMs >= LimitMs)
            {
                // It hangs again soon after it was trusted again: the next time it has to answer for longer.
                _trustMs = nowMs - _hungAt < 10 * _trustMs ? Math.Min(MostTrustMs, _trustMs * 2) : FirstTrustMs;
                _hungAt = nowMs;
                (_state, changed) = (DiskState.Hangs, true);
            }
            else if (_state == DiskState.Recovers && nowMs >= _trustedAt)
            {
                (_state, changed) = (DiskState.Answers, true);
            }
        }
        if (changed) _changed();
    }

    /// <summary>How long the last hang took, in milliseconds; zero when there was none.</summary>
    public long HungMs
    {
        get
        {
            lock (_lock) return _hungMs;
        }
    }

    /// <summary>What writes of the last seconds took, in milliseconds: three quarters of them no longer; zero when there were hardly any.</summary>
    public long UsualMs(long nowMs)
    {
        lock (_lock) return UsualSince(nowMs - LatelyMs);
    }

    private long LimitMs => Math.Clamp(TimesUsual * UsualSince(long.MinValue), _timeoutMs, MostTimeouts * (long)_timeoutMs) + _outstandingBytes / SlowestBytesPerMs;

    private long UsualSince(long at)
    {
        var took = _recent.Where(w => w.At >= at).Select(w => w.TookMs).Order().ToArray();
        return took.Length < Recent / 4 ? 0 : took[took.Length * 3 / 4];
    }

    private void Pass(long nowMs)
    {
        if (_outstanding > 0) _waitedMs += Math.Clamp(nowMs - _lookedAt, 0, MostBetweenLooksMs);
        _lookedAt = nowMs;
    }
}
