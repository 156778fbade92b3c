using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Transport;

/// <summary>Judges one node from the answers to pings: how long ago the last came, and what it said of the other clock.</summary>
/// <param name="node">Whom it judges.</param>
/// <param name="nowMs">Monotonic milliseconds.</param>
/// <param name="wallMs">Unix time in milliseconds.</param>
public sealed class LinkHealth(MemberId node, long nowMs, long wallMs)
{
    /// <summary>How often to ask, in milliseconds.</summary>
    public const int PingMs = 500;

    /// <summary>Unix time in milliseconds with fractions: for measuring clock offsets.</summary>
    public static double PreciseWallMs => (DateTime.UtcNow - DateTime.UnixEpoch).TotalMilliseconds;

    private const int SuspectMs = 2_000;
    private const int DeadMs = 10_000;
    private const int Samples = 8;

    /// <summary>What was measured before this node's own clock was set says nothing any more. Milliseconds.</summary>
    private const int JumpMs = 200;

    private readonly Queue<(double RoundTrip, double Offset, double Base)> _samples = new();
    private readonly Lock _lock = new();
    private long _heardAt = nowMs - DeadMs;
    private Liveness _liveness = Liveness.Dead;
    private long _since = wallMs;

    /// <summary>An answer came.</summary>
    /// <param name="sentWallMs">This node's wall clock when it asked.</param>
    /// <param name="otherWallMs">The other node's wall clock when it answered.</param>
    /// <param name="nowWallMs">This node's wall clock now.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public void Heard(double sentWallMs, double otherWallMs, double nowWallMs, long now)
    {
        lock (_lock)
        {
            _heardAt = now;
            _samples.Enqueue((nowWallMs - sentWallMs, otherWallMs - (sentWallMs + nowWallMs) / 2, nowWallMs - now));
            if (_samples.Count > Samples) _samples.Dequeue();
        }
    }

    /// <summary>What to believe of the node now.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="wall">Unix time in milliseconds.</param>
    public NodeLiveness Look(long now, long wall)
    {
        lock (_lock)
        {
            var silence = now - _heardAt;
            var liveness = silence >= DeadMs ? Liveness.Dead : silence >= SuspectMs ? Liveness.Suspect : Liveness.Alive;
            if (liveness != _liveness) (_liveness, _since) = (liveness, wall);
            return new NodeLiveness(node, liveness, _since, liveness == Liveness.Dead ? null : QuickestOffset(wall - now));
        }
    }

    /// <summary>The quickest round trip leaves the least room for error.</summary>
    private double? QuickestOffset(long wallBase)
    {
        (double RoundTrip, double Offset)? best = null;
        foreach (var (roundTrip, offset, wasBase) in _samples)
        {
            if (Math.Abs(wasBase - wallBase) > JumpMs || roundTrip >= best?.RoundTrip) continue;
            best = (roundTrip, offset);
        }
        return best?.Offset;
    }
}
