using TokMesh.Client;
using TokMesh.Client.Orleans;
using TokMesh.Cluster;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Sessions;
using TokMesh.Orleans.Application;
using TokMesh.Orleans.Nodes;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Tests;

/// <summary>What failures of Orleans and of the node mean for a call.</summary>
public sealed class GrainFailureTests
{
    private static readonly CallWire Call = new(0, 0, 1000);
    private readonly GrainCalls _calls = new(new TokMeshOrleansClientOptions { Deadline = TimeSpan.FromMinutes(1) }, TimeProvider.System);
    private int _asked;

    public static TheoryData<string> Lost() => ["silo", "timeout", "rejected"];

    [Theory]
    [MemberData(nameof(Lost))]
    public async Task A_write_that_may_have_happened_is_not_repeated(string how)
    {
        var e = await Assert.ThrowsAsync<TokMeshException>(() => RunAsync(Effect.Once, () => throw Failure(how), Ok));
        Assert.Equal((TokMeshOutcome.Unknown, 1), (e.Outcome, _asked));
    }

    [Theory]
    [MemberData(nameof(Lost))]
    public async Task A_read_and_a_revocation_are_repeated(string how)
    {
        Assert.Equal(7, await RunAsync(Effect.None, () => throw Failure(how), Ok));
        Assert.Equal(7, await RunAsync(Effect.Idempotent, () => throw Failure(how), Ok));
    }

    [Fact]
    public async Task A_write_that_did_not_happen_is_repeated()
    {
        Assert.Equal(7, await RunAsync(Effect.Once, () => throw new GatewayTooBusyException(), () => new Reply<long> { Outcome = ReplyOutcome.NotExecuted, Code = "TM-SYS-5030", Message = "why" }, Ok));
        Assert.Equal(3, _asked);
    }

    [Fact]
    public async Task A_node_that_is_still_starting_has_executed_nothing()
    {
        var access = new NodeAccess(new LocalNode(new SessionLimits()));
        var sessions = new SessionGrain(access);
        var keys = new KeyValueGrain(access);
        Assert.Equal(ReplyOutcome.NotExecuted, (await sessions.CreateAsync(new NewSessionWire { UserId = "u" }, Call, default)).Outcome);
        Assert.Equal(("TM-SYS-5030", ReplyOutcome.NotExecuted), ((await keys.GetAsync("k", Call, default)).Code, (await keys.DeleteAsync("k", null, Call, default)).Outcome));
    }

    [Fact]
    public async Task A_call_that_was_canceled_before_it_began_does_nothing()
    {
        using var canceled = new CancellationTokenSource();
        await canceled.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => new KeyValueGrain(new NodeAccess(new LocalNode(new SessionLimits()))).DeleteAsync("k", null, Call, canceled.Token));
    }

    [Theory]
    [InlineData(CallOutcome.Unknown, ErrorCode.ClusterTimeout, "TM-CLST-5040", ReplyOutcome.Unknown)]
    [InlineData(CallOutcome.Answered, ErrorCode.ReplyForgotten, "TM-CLST-5040", ReplyOutcome.Unknown)]
    [InlineData(CallOutcome.Answered, ErrorCode.Superseded, "TM-SYS-5030", ReplyOutcome.NotExecuted)]
    [InlineData(CallOutcome.Failed, ErrorCode.ClusterNoNode, "TM-CLST-5030", ReplyOutcome.NotExecuted)]
    [InlineData(CallOutcome.Failed, ErrorCode.SysTooManyRequests, "TM-SYS-4290", ReplyOutcome.NotExecuted)]
    [InlineData(CallOutcome.Failed, ErrorCode.TokenConflict, "TM-TOKN-4090", ReplyOutcome.Refused)]
    [InlineData(CallOutcome.Answered, ErrorCode.SessionQuotaExceeded, "TM-SESS-4002", ReplyOutcome.Refused)]
    [InlineData(CallOutcome.Answered, ErrorCode.SysInternal, "TM-SYS-5000", ReplyOutcome.Unknown)]
    public void What_the_store_says_is_passed_on(CallOutcome outcome, ErrorCode error, string code, ReplyOutcome expected)
    {
        var reply = Replies.Of(new StoreReply(outcome, error, "", default), static (in StoreReply _) => 0L);
        Assert.Equal((code, expected), (reply.Code, reply.Outcome));
        Assert.NotEmpty(reply.Message);
    }

    private static Reply<long> Ok() => new() { Value = 7 };

    private static Exception Failure(string how) => how switch
    {
        "silo" => new SiloUnavailableException(),
        "timeout" => new TimeoutException(),
        _ => new OrleansException("rejected"),
    };

    private async Task<long> RunAsync(Effect effect, params Func<Reply<long>>[] answers)
    {
        var next = 0;
        return await _calls.RunAsync<long, long>(effect, null, (_, _) =>
        {
            _asked++;
            return Task.FromResult(answers[next++]());
        }, static value => value, default);
    }
}
