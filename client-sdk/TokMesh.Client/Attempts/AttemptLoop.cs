namespace TokMesh.Client;

/// <summary>Attempts at a call until it is answered, must not be repeated, or its deadline is near. Both carriers use it.</summary>
/// <param name="attemptLimit">How long one attempt waits before the next one is made, where the call may be repeated.</param>
/// <param name="places">How many places a call can be made at: that many attempts are made without a pause.</param>
/// <param name="time">Time.</param>
internal sealed class AttemptLoop(TimeSpan attemptLimit, int places, TimeProvider time)
{
    private const double FirstPauseMs = 20;
    private const double LongestPauseMs = 500;

    /// <summary>The answer.</summary>
    /// <param name="effect">What repeating can do.</param>
    /// <param name="deadline">For all attempts together.</param>
    /// <param name="attempt">One attempt: gets how long it may wait, and a token that is canceled after that.</param>
    /// <param name="cancel">The caller's.</param>
    /// <exception cref="TokMeshException">There is none.</exception>
    public async Task<T> RunAsync<T>(Effect effect, TimeSpan deadline, Func<TimeSpan, CancellationToken, Task<Attempt<T>>> attempt, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(deadline, TimeSpan.Zero);
        var started = time.GetTimestamp();
        var mayHaveHappened = false;
        for (var n = 1; ; n++)
        {
            cancel.ThrowIfCancellationRequested();
            var ended = await OneAsync(effect, deadline - time.GetElapsedTime(started), attempt, cancel).ConfigureAwait(false);
            if (ended.Error is not { } error) return ended.Value!;
            mayHaveHappened |= effect != Effect.None && error.Outcome == TokMeshOutcome.Unknown;
            // What is refused now may have been done by an earlier attempt.
            if (error.Outcome == TokMeshOutcome.Refused) throw mayHaveHappened ? error.With(TokMeshOutcome.Unknown) : error;
            if (mayHaveHappened && effect == Effect.Once) throw error;
            var pause = ended.RetryAfter ?? (n < places ? TimeSpan.Zero : Pause(n - places));
            if (time.GetElapsedTime(started) + pause >= deadline)
                throw error.With(mayHaveHappened ? TokMeshOutcome.Unknown : TokMeshOutcome.NotExecuted);
            if (pause > TimeSpan.Zero) await Task.Delay(pause, time, cancel).ConfigureAwait(false);
        }
    }

    private async Task<Attempt<T>> OneAsync<T>(Effect effect, TimeSpan left, Func<TimeSpan, CancellationToken, Task<Attempt<T>>> attempt, CancellationToken cancel)
    {
        // A call that may not be repeated gains nothing from giving up early.
        var limit = effect == Effect.Once || left < attemptLimit ? left : attemptLimit;
        if (limit < TimeSpan.FromMilliseconds(1)) limit = TimeSpan.FromMilliseconds(1);
        using var timer = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timer.Token);
        try
        {
            return await attempt(limit, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Attempt<T>.Failed(new TokMeshException(TokMeshErrorCode.Timeout,
                "No answer in time. Read before you repeat a write; allow more time, or look whether the cluster is healthy.", TokMeshOutcome.Unknown));
        }
    }

    // Half of it is random, so that clients that failed together do not come back together.
    private static TimeSpan Pause(int round)
    {
        var whole = Math.Min(FirstPauseMs * Math.Pow(2, round), LongestPauseMs);
        return TimeSpan.FromMilliseconds(whole * (0.5 + Random.Shared.NextDouble() / 2));
    }
}
