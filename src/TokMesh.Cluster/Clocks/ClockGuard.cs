namespace TokMesh.Cluster.Clocks;

/// <summary>What time it is, as far as this node can tell.</summary>
/// <param name="WallMs">Unix milliseconds: this node's clock, or what the majority's should show when this node's is not to be trusted.</param>
/// <param name="IsTrusted">Whether this node's clock may stamp entries and say what has expired.</param>
public readonly record struct WallTime(long WallMs, bool IsTrusted);

/// <summary>
/// Compares this node's wall clock with the others'. Entry stamps and expiry trust clocks a little; a node that is further off the
/// majority than a bound does not lead, and does not say what has expired, until it is back. The same holds for a node that has just
/// started, until it has been compared for the first time, and for one whose clock has jumped since it last was.
/// </summary>
public sealed class ClockGuard
{
    /// <summary>How long a node that can be compared with nobody, or with one other of another opinion, waits for a third. Milliseconds.</summary>
    private const int PatienceMs = 5_000;

    /// <summary>Clocks for time and for intervals may come apart by a tenth between two judgements, as far as leases allow clocks to differ.</summary>
    private const int DriftDivisor = 10;

    private readonly int _maxOffsetMs;
    private readonly IClock _clock;
    private readonly Action<bool, double> _judged;
    private readonly bool _isAlone;
    private readonly long _startedAtMs;
    private volatile Verdict? _verdict;

    /// <summary>Trusts the clock at once only when there is nobody to compare it with.</summary>
    /// <param name="maxOffsetMs">Largest offset to the majority's clock at which this node's is trusted, in milliseconds.</param>
    /// <param name="clock">This node's clocks.</param>
    /// <param name="others">How many other members the cluster has.</param>
    /// <param name="judged">Hears when trust is lost or won back, and the offset in milliseconds.</param>
    public ClockGuard(int maxOffsetMs, IClock clock, int others, Action<bool, double> judged)
    {
        (_maxOffsetMs, _clock, _judged, _isAlone) = (maxOffsetMs, clock, judged, others == 0);
        _startedAtMs = clock.MonotonicMs;
        if (_isAlone) _verdict = new Verdict(true, 0, _startedAtMs, clock.WallMs);
    }

    /// <summary>Whether this node's clock agreed with the majority's at the last judgement; false before the first.</summary>
    public bool IsTrusted => _verdict is { IsTrusted: true };

    /// <summary>Whether this node's clock was found to be off: more than not to be judged yet.</summary>
    public bool IsDistrusted => _verdict is { IsTrusted: false };

    /// <summary>Whether there has been a judgement.</summary>
    public bool IsJudged => _verdict is not null;

    /// <summary>The majority's clock minus this node's, in milliseconds, at the last judgement.</summary>
    public double OffsetMs => _verdict?.OffsetMs ?? 0;

    /// <summary>Judges anew from the other nodes' offsets to this one; tells whether this node's clock is trusted now and was not, or the reverse.</summary>
    /// <param name="offsetsMs">One per node that could be measured.</param>
    public bool Judge(IReadOnlyList<double> offsetsMs)
    {
        var (mono, wall) = (_clock.MonotonicMs, _clock.WallMs);
        var before = _verdict;
        // With this node's own zero among them, the median is the clock a majority stands around.
        var all = offsetsMs.Append(0).Order().ToArray();
        var (low, high) = (all[(all.Length - 1) / 2], all[all.Length / 2]);
        var median = ClosestToZero(low, high);
        bool trusted;
        if (offsetsMs.Count > 0 && IsWithin(low) == IsWithin(high))
        {
            trusted = IsWithin(median);
        }
        else
        {
            // Nobody to ask, or one word against another: a clock that was right before still is, and one that was wrong too. Were a tie
            // settled in favour of this clock, the death of a third node would make a wrong one lead.
            if (before is not null || mono - _startedAtMs < PatienceMs) return false;
            (trusted, median) = (true, 0);
        }
        _verdict = new Verdict(trusted, median, mono, wall);
        // That a clock is right from the start is no news to anybody but this node, which did not go by it until now.
        if (trusted != (before?.IsTrusted ?? true)) _judged(trusted, median);
        return trusted != (before?.IsTrusted ?? false);
    }

    /// <summary>The time now. Any thread may ask.</summary>
    public WallTime Now() => At(_clock.MonotonicMs, _clock.WallMs);

    /// <summary>The time when this node's clocks showed these.</summary>
    /// <param name="monotonicMs">Monotonic milliseconds.</param>
    /// <param name="wallMs">Unix milliseconds, read at the same moment.</param>
    public WallTime At(long monotonicMs, long wallMs)
    {
        if (_verdict is not { } verdict) return new WallTime(wallMs, false);
        if (_isAlone && verdict.IsTrusted) return new WallTime(wallMs, true);
        var elapsed = monotonicMs - verdict.MonotonicMs;
        // A clock that was set, or a machine that was asleep, shows at once and not only when the others have been asked again.
        var jumped = Math.Abs(wallMs - verdict.WallMs - elapsed) > _maxOffsetMs + Math.Abs(elapsed) / DriftDivisor;
        return verdict.IsTrusted && !jumped
            ? new WallTime(wallMs, true)
            : new WallTime(verdict.WallMs + (long)verdict.OffsetMs + elapsed, false);
    }

    private bool IsWithin(double offsetMs) => Math.Abs(offsetMs) <= _maxOffsetMs;

    private static double ClosestToZero(double a, double b) => Math.Abs(a) < Math.Abs(b) ? a : b;

    /// <param name="IsTrusted">Whether the clock is to be trusted.</param>
    /// <param name="OffsetMs">The majority's clock minus this one's.</param>
    /// <param name="MonotonicMs">When it was judged.</param>
    /// <param name="WallMs">What this node's own clock showed then.</param>
    private sealed record Verdict(bool IsTrusted, double OffsetMs, long MonotonicMs, long WallMs);
}

/// <summary>
/// The clock for everything of a node that says or compares times: its own while that is to be trusted, else what the majority's
/// should show.
/// </summary>
/// <param name="clock">The node's own.</param>
/// <param name="guard">Judges it.</param>
public sealed class JudgedClock(IClock clock, ClockGuard guard) : IClock
{
    /// <inheritdoc/>
    public long MonotonicMs => clock.MonotonicMs;

    /// <inheritdoc/>
    public long WallMs => guard.Now().WallMs;
}
