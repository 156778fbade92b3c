using TokMesh.Cluster.Sessions;
using TokMesh.State.Errors;

namespace TokMesh.Cluster.Tests;

public sealed class SessionLimitsTests
{
    private static readonly NewSession Good = new() { UserId = "u" };
    private readonly SessionLimits _limits = new() { MaxTtl = TimeSpan.FromHours(1) };

    [Fact]
    public void Every_problem_of_the_limits_is_named_at_once() =>
        Assert.Equal(3, new SessionLimits { DefaultTtl = TimeSpan.Zero, MaxTtl = TimeSpan.FromDays(400), QuotaPerUser = 0 }.Problems().Count);

    [Fact]
    public void A_session_of_a_user_alone_breaks_no_rule() => Assert.Null(_limits.Check(Good));

    public static TheoryData<NewSession, ErrorCode> Broken => new()
    {
        { Good with { UserId = null }, ErrorCode.ArgumentMissing },
        { Good with { UserId = "" }, ErrorCode.ArgumentMissing },
        { Good with { UserId = new string('u', 129) }, ErrorCode.SessionRuleViolation },
        { Good with { DeviceId = new string('d', 129) }, ErrorCode.SessionRuleViolation },
        { Good with { Data = [KeyValuePair.Create("", "v")] }, ErrorCode.SessionRuleViolation },
        { Good with { TtlMs = 0 }, ErrorCode.SessionRuleViolation },
        { Good with { TtlMs = -1 }, ErrorCode.SessionRuleViolation },
        { Good with { TtlMs = 3_600_001 }, ErrorCode.SessionRuleViolation },
        { Good with { TtlMs = SessionLimits.ToMs(long.MaxValue) }, ErrorCode.SessionRuleViolation },
        { Good with { Token = "tmtk_short" }, ErrorCode.TokenMalformed },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_session_that_breaks_a_rule_is_told_which(NewSession session, ErrorCode code) => Assert.Equal(code, _limits.Check(session)?.Code);

    // Part of a second is a second: what lives less than one may be made.
    [Theory]
    [InlineData(1, null)]
    [InlineData(3_600_000, null)]
    [InlineData(3_600_001, ErrorCode.SessionRuleViolation)]
    [InlineData(0, ErrorCode.ArgumentInvalid)]
    [InlineData(-5_000, ErrorCode.ArgumentInvalid)]
    public void A_renewal_is_bounded_as_a_new_session_is(long ms, ErrorCode? code) => Assert.Equal(code, _limits.CheckRenewal(ms)?.Code);

    [Theory]
    [InlineData(2, 2_000)]
    [InlineData(-2, -2_000)]
    [InlineData(long.MaxValue, long.MaxValue / 1000 * 1000)]
    [InlineData(long.MinValue, long.MinValue / 1000 * 1000)]
    public void Seconds_that_have_no_milliseconds_are_the_farthest_that_have(long seconds, long ms) => Assert.Equal(ms, SessionLimits.ToMs(seconds));
}
