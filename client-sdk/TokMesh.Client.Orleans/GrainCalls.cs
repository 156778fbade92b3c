namespace TokMesh.Client.Orleans;

/// <summary>Asks a grain once.</summary>
internal delegate Task<Reply<TWire>> GrainCall<TWire>(CallWire call, CancellationToken cancel);

/// <summary>Makes calls to the grains: deadlines, repetitions, and what Orleans' own failures mean.</summary>
internal sealed class GrainCalls(TokMeshOrleansClientOptions options, TimeProvider time)
{
    private static readonly TimeSpan LongestWayBack = TimeSpan.FromMilliseconds(250);
    private readonly AttemptLoop _loop = new(options.AttemptTimeout, places: 1, time);

    /// <summary>The answer to a call.</summary>
    /// <param name="effect">What repeating can do.</param>
    /// <param name="callOptions">Its options.</param>
    /// <param name="ask">Asks once.</param>
    /// <param name="read">Turns the answer of a reply that ended well into what the caller gets.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <param name="isNothing">Which refusals stand for "there is none"; the default value is then the answer.</param>
    public Task<T> RunAsync<TWire, T>(Effect effect, CallOptions? callOptions, GrainCall<TWire> ask, Func<TWire?, T> read, CancellationToken cancel,
        Func<string, bool>? isNothing = null)
    {
        var consistency = callOptions?.Consistency ?? options.Consistency;
        return _loop.RunAsync(effect, callOptions?.Deadline ?? options.Deadline, async (limit, token) =>
        {
            try
            {
                var reply = await ask(CallOf(consistency, limit), token).ConfigureAwait(false);
                if (reply.Outcome == ReplyOutcome.Ok) return Attempt<T>.Done(read(reply.Value));
                if (isNothing is not null && isNothing(reply.Code)) return Attempt<T>.Done(read(default));
                return Attempt<T>.Failed(ToException(reply.Code, reply.Message, reply.Outcome));
            }
            // Refused by the gateway before it reached a grain: the one failure of Orleans that says that nothing happened.
            catch (GatewayTooBusyException e)
            {
                return Attempt<T>.Failed(new TokMeshException(TokMeshErrorCode.TooManyRequests,
                    "The silo takes no more calls at the moment; nothing happened. Try again after a moment.", TokMeshOutcome.NotExecuted, e));
            }
            // A silo that became unavailable may have done it before; the same exception stands for one that never got the call.
            catch (Exception e) when (e is OrleansException or TimeoutException or IOException)
            {
                return Attempt<T>.Failed(new TokMeshException(e is TimeoutException ? TokMeshErrorCode.Timeout : TokMeshErrorCode.NoNode,
                    "The silo did not answer: it may have happened. Read before you repeat a write; look whether the silos run.", TokMeshOutcome.Unknown, e));
            }
        }, cancel);
    }

    // The node gives up a little earlier than the caller, so that what it knows by then still arrives: "not executed", say.
    private static CallWire CallOf(Consistency consistency, TimeSpan limit)
    {
        var back = limit / 5 < LongestWayBack ? limit / 5 : LongestWayBack;
        return new CallWire((byte)consistency.Level, (int)consistency.MaxStaleness.TotalMilliseconds, (int)Math.Clamp((limit - back).TotalMilliseconds, 1, int.MaxValue));
    }

    private static TokMeshException ToException(string code, string message, ReplyOutcome outcome) => new(code, message, outcome switch
    {
        ReplyOutcome.Refused => TokMeshOutcome.Refused,
        ReplyOutcome.NotExecuted => TokMeshOutcome.NotExecuted,
        _ => TokMeshOutcome.Unknown,
    });
}
