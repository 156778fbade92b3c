using System.Globalization;
using TokMesh.Client.Orleans;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Nodes;
using TokMesh.Orleans.Nodes;
using TokMesh.State.Errors;
using ConsistencyLevel = TokMesh.Cluster.Calls.ConsistencyLevel;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Application;

/// <summary>Reads the answer out of a reply that ended well.</summary>
internal delegate T ReplyBody<T>(in StoreReply reply);

/// <summary>Between the store's calls and the grains': the same verdicts as at the HTTP front end.</summary>
internal static class Replies
{
    private const int LongestDeadlineMs = 600_000;

    public static Reply<T> Ok<T>(T value) => new() { Outcome = ReplyOutcome.Ok, Value = value };

    public static Reply<T> Refused<T>(RuleViolation broken) => Refused<T>(broken.Code, broken.Message);

    public static Reply<T> Refused<T>(ErrorCode code, string? message = null) =>
        new() { Outcome = ReplyOutcome.Refused, Code = code.ToText(), Message = message ?? code.Message() };

    /// <summary>The node is still starting.</summary>
    public static Reply<T> NotReady<T>(NodeNotReadyException e) =>
        new() { Outcome = ReplyOutcome.NotExecuted, Code = ErrorCode.SysUnavailable.ToText(), Message = e.Message };

    /// <summary>What a call to the store became.</summary>
    public static Reply<T> Of<T>(in StoreReply reply, ReplyBody<T> read)
    {
        if (reply.IsOk) return Ok(read(reply));
        var outcome = reply.Verdict switch
        {
            // Of a reply that is no longer kept what it gave is not known.
            Verdict.Unknown or Verdict.ReplyLost => ReplyOutcome.Unknown,
            Verdict.NotExecuted => ReplyOutcome.NotExecuted,
            _ => ReplyOutcome.Refused,
        };
        return new Reply<T> { Outcome = outcome, Code = reply.Error.ToText(), Message = reply.Detail.Length > 0 ? reply.Detail : reply.Error.Message() };
    }

    /// <summary>The version that a conflict gives as its detail.</summary>
    public static ulong PresentVersion(in StoreReply reply) => ulong.Parse(reply.Detail, NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>Until when a call waits, on the node's clock.</summary>
    public static long DeadlineMs(Node node, in CallWire call) => node.NowMs + Math.Clamp(call.DeadlineMs, 1, LongestDeadlineMs);

    /// <summary>How fresh; a level that a newer caller knows and this node does not is answered with the freshest.</summary>
    public static Consistency ConsistencyOf(in CallWire call) => (ConsistencyLevel)call.Level switch
    {
        ConsistencyLevel.Local => new Consistency(ConsistencyLevel.Local),
        ConsistencyLevel.Bounded => new Consistency(ConsistencyLevel.Bounded, call.MaxStalenessMs),
        _ => Consistency.Linearizable,
    };
}
