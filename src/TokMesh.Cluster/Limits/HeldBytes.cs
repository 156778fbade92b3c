namespace TokMesh.Cluster.Limits;

/// <summary>
/// What all connections of a node together hold in memory: input that is not a whole command yet, bodies under way, replies that are not
/// read. What a connection holds anyway, up to <see cref="FreeBytes"/>, is not counted; the limits on connections bound that.
/// </summary>
/// <param name="most">Bytes; beyond them new work is answered busy, or is not read, until there are less.</param>
public sealed class HeldBytes(long most)
{
    /// <summary>Of one connection or request, that is not counted.</summary>
    public const int FreeBytes = 64 * 1024;

    private const int LookAgainMs = 10;
    private long _held;
    private long _refused;

    /// <summary>Without a limit that matters: for tests and for code that counts by itself.</summary>
    public static HeldBytes Unlimited { get; } = new(long.MaxValue);

    /// <summary>Bytes held.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <summary>Most bytes.</summary>
    public long Most => most;

    /// <summary>Whether no more may be taken on.</summary>
    public bool IsFull => Held >= most;

    /// <summary>Times something was answered busy, or a connection closed, because of this.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Takes bytes that are about to be held; false, and nothing taken, when they are too many. One alone is always let in.</summary>
    public bool TryTake(long bytes)
    {
        for (var held = Held; held == 0 || held + bytes <= most;)
        {
            var seen = Interlocked.CompareExchange(ref _held, held + bytes, held);
            if (seen == held) return true;
            held = seen;
        }
        return false;
    }

    /// <summary>As <see cref="TryTake"/>, but waits for others to give back; false when that took too long.</summary>
    public ValueTask<bool> TakeAsync(long bytes, int timeoutMs) =>
        TryTake(bytes) ? ValueTask.FromResult(true) : UntilAsync(() => TryTake(bytes), timeoutMs);

    /// <summary>Takes bytes that are there already, also beyond the most.</summary>
    public void Add(long bytes)
    {
        // Most hold nothing that counts: then the processors need not share the counter.
        if (bytes != 0) Interlocked.Add(ref _held, bytes);
    }

    /// <summary>Gives back what was taken.</summary>
    public void Return(long bytes) => Add(-bytes);

    /// <summary>Waits until more may be taken on; false when that took too long.</summary>
    public ValueTask<bool> HasRoomAsync(int timeoutMs) => UntilAsync(() => !IsFull, timeoutMs);

    /// <summary>Something was answered busy, or a connection closed.</summary>
    public void CountRefused() => Interlocked.Increment(ref _refused);

    private static async ValueTask<bool> UntilAsync(Func<bool> holds, int timeoutMs)
    {
        for (var waited = 0; !holds(); waited += LookAgainMs)
        {
            if (waited >= timeoutMs) return false;
            await Task.Delay(LookAgainMs).ConfigureAwait(false);
        }
        return true;
    }
}
