using TokMesh.Cluster.Calls;
using TokMesh.State.Errors;

namespace TokMesh.Cluster.Tests;

public sealed class StoreReplyTests
{
    [Theory]
    [InlineData(CallOutcome.Answered, ErrorCode.None, Verdict.Done)]
    [InlineData(CallOutcome.Answered, ErrorCode.SessionQuotaExceeded, Verdict.Refused)]
    [InlineData(CallOutcome.Answered, ErrorCode.KeyVersionConflict, Verdict.Refused)]
    [InlineData(CallOutcome.Answered, ErrorCode.Superseded, Verdict.NotExecuted)]
    [InlineData(CallOutcome.Answered, ErrorCode.ReservationLapsed, Verdict.NotExecuted)]
    [InlineData(CallOutcome.Answered, ErrorCode.ReplyForgotten, Verdict.ReplyLost)]
    [InlineData(CallOutcome.Answered, ErrorCode.SysInternal, Verdict.Unknown)]
    [InlineData(CallOutcome.Failed, ErrorCode.SysInternal, Verdict.NotExecuted)]
    [InlineData(CallOutcome.Failed, ErrorCode.SysTooManyRequests, Verdict.NotExecuted)]
    [InlineData(CallOutcome.Failed, ErrorCode.ClusterNoNode, Verdict.NotExecuted)]
    [InlineData(CallOutcome.Failed, ErrorCode.ClusterTimeout, Verdict.NotExecuted)]
    [InlineData(CallOutcome.Failed, ErrorCode.TokenConflict, Verdict.Refused)]
    [InlineData(CallOutcome.Unknown, ErrorCode.ClusterTimeout, Verdict.Unknown)]
    public void How_a_call_ended_has_one_verdict(CallOutcome outcome, ErrorCode error, Verdict verdict) =>
        Assert.Equal(verdict, new StoreReply(outcome, error, "", default).Verdict);
}
