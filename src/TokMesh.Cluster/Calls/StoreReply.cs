using TokMesh.Cluster.Errors;
using TokMesh.State.Errors;
using TokMesh.State.Replies;

namespace TokMesh.Cluster.Calls;

/// <summary>What became of a call. Every front end says the same, in its own words.</summary>
public enum Verdict : byte
{
    /// <summary>It was executed, and the reply is there.</summary>
    Done,

    /// <summary>The rules say no; nothing happened, and the same call will be refused again while what it meets is the same.</summary>
    Refused,

    /// <summary>Nothing happened and nothing will; the same call may succeed after a moment.</summary>
    NotExecuted,

    /// <summary>It may have happened, or may still happen.</summary>
    Unknown,

    /// <summary>It was executed; what it replied is no longer kept.</summary>
    ReplyLost,
}

/// <summary>How a call ended.</summary>
/// <param name="Outcome">Answered, failed or unknown.</param>
/// <param name="Error">What the shard's rules said, or why there was no answer; None when all is well.</param>
/// <param name="Detail">What happened and what to do.</param>
/// <param name="Body">The reply, for a <see cref="ReplyReader"/>; empty unless answered.</param>
public readonly record struct StoreReply(CallOutcome Outcome, ErrorCode Error, string Detail, ReadOnlyMemory<byte> Body)
{
    /// <summary>Whether it was answered without an error.</summary>
    public bool IsOk => Outcome == CallOutcome.Answered && Error == ErrorCode.None;

    /// <summary>The kind of reply; only of an answered one.</summary>
    public ReplyTag Tag => (ReplyTag)Body.Span[0];

    /// <summary>What became of the call.</summary>
    public Verdict Verdict => (Outcome, Error) switch
    {
        (CallOutcome.Unknown, _) => Verdict.Unknown,
        (CallOutcome.Answered, ErrorCode.None) => Verdict.Done,
        (_, ErrorCode.ReplyForgotten) => Verdict.ReplyLost,
        (_, ErrorCode.Superseded or ErrorCode.ReservationLapsed or ErrorCode.SysTooManyRequests or ErrorCode.SysUnavailable) => Verdict.NotExecuted,
        // A shard that fails in the middle has not said that nothing happened.
        (CallOutcome.Answered, ErrorCode.SysInternal) => Verdict.Unknown,
        (_, ErrorCode.SysInternal or ErrorCode.ClusterNoNode or ErrorCode.ClusterTimeout) => Verdict.NotExecuted,
        _ => Verdict.Refused,
    };

    /// <summary>A refusal that reached no shard.</summary>
    public static StoreReply Refused(ErrorCode error) => new(CallOutcome.Failed, error, error.Message(), default);

    /// <summary>The same, of a rule that an argument breaks.</summary>
    public static StoreReply Refused(RuleViolation broken) => new(CallOutcome.Failed, broken.Code, broken.Message, default);

    /// <summary>The result of a call that has ended.</summary>
    public static StoreReply Of(Call call)
    {
        switch (call.Outcome)
        {
            case CallOutcome.Answered:
                var reader = new ReplyReader(call.Reply.Span);
                if (!reader.IsError) return new StoreReply(CallOutcome.Answered, ErrorCode.None, "", call.Reply);
                var code = reader.Error(out var detail);
                return new StoreReply(CallOutcome.Answered, code, detail.Length > 0 ? detail : code.Message(), call.Reply);
            case CallOutcome.Unknown:
                return new StoreReply(CallOutcome.Unknown, call.Error, "No answer in time: it may have happened. Read before you repeat it.", default);
            default:
                return new StoreReply(CallOutcome.Failed, call.Error, call.Error switch
                {
                    ErrorCode.SysTooManyRequests => "The queues are full; nothing happened. Try again after a moment.",
                    ErrorCode.ClusterNoNode => "No leader could be reached in time; nothing happened. Try again.",
                    _ => "Nothing happened. Try again.",
                }, default);
        }
    }
}
