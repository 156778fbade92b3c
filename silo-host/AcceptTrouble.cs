namespace TokMesh.Host;

/// <summary>How many descriptors accepting may take; says when it has to wait for one, every ten seconds at most.</summary>
/// <param name="log">Hears of it.</param>
/// <param name="limit">Descriptors of the process. Read in time: when there are none left, it cannot be read either.</param>
internal sealed class AcceptTrouble(NodeLog log, long limit)
{
    /// <summary>Descriptors that accepting leaves to the rest of the node.</summary>
    public const int Left = 64;

    private const long SayEveryMs = 10_000;
    private long _saidAtMs = -SayEveryMs;

    /// <summary>The first descriptor that is left to others.</summary>
    public long Highest => limit - Left;

    public void NoDescriptor()
    {
        var now = Environment.TickCount64;
        var said = Volatile.Read(ref _saidAtMs);
        if (now - said < SayEveryMs || Interlocked.CompareExchange(ref _saidAtMs, now, said) != said) return;
        log.NoDescriptor(limit);
    }

    /// <summary>Whether no more than <see cref="Left"/> are free; says so.</summary>
    public bool AreFew()
    {
        if (Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() < Highest) return false;
        NoDescriptor();
        return true;
    }
}
