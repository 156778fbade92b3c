using TokMesh.Cluster.Clocks;

namespace TokMesh.Simulation.World;

/// <summary>
/// A machine's two clocks. The monotonic one runs a little too fast or too slow, at a rate that may change; the wall clock is off
/// and may jump. All in whole numbers, so that no machine rounds differently.
/// </summary>
internal sealed class VirtualClock(VirtualTime time) : IClock
{
    private const long EpochMs = 1_800_000_000_000;
    private const long Million = 1_000_000;
    private long _trueFrom;
    private long _ownFrom;
    private long _ratePpm;

    public long WallOffsetMs
    {
        get;
        set => (field, SetAtUs) = (value, time.NowUs);
    }

    /// <summary>When, in true microseconds, the wall clock was set last.</summary>
    public long SetAtUs { get; private set; }

    public long MonotonicMs => OwnUs / 1000;

    public long WallMs => EpochMs + time.NowUs / 1000 + WallOffsetMs;

    private long OwnUs => _ownFrom + (time.NowUs - _trueFrom) * (Million + _ratePpm) / Million;

    /// <summary>From now on it runs this much too fast, in millionths; too slow when negative. It never goes back.</summary>
    public void RunAt(long ratePpm)
    {
        (_ownFrom, _trueFrom) = (OwnUs, time.NowUs);
        _ratePpm = ratePpm;
    }

    /// <summary>When, in true microseconds, the monotonic clock will show this, if its rate stays.</summary>
    public long TrueUsAt(long monotonicMs) =>
        Math.Max(time.NowUs, _trueFrom + (monotonicMs * 1000 - _ownFrom) * Million / (Million + _ratePpm) + 1);
}
