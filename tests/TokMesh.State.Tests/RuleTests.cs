using System.Text;
using TokMesh.State.Errors;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

public class RuleTests
{
    [Fact]
    public void A_missing_user_is_a_missing_argument()
        => Assert.Equal(new RuleViolation(ErrorCode.ArgumentMissing, "user_id is required"), SessionRules.UserId(""));

    [Fact]
    public void Ids_are_measured_in_utf8_bytes()
    {
        Assert.Null(SessionRules.UserId(new string('é', 64)));
        var broken = SessionRules.UserId(new string('é', 65));
        Assert.Equal(new RuleViolation(ErrorCode.SessionRuleViolation, "user_id: 130 bytes, allowed are 1 to 128"), broken);
        Assert.Null(SessionRules.DeviceId(null));
        Assert.NotNull(SessionRules.DeviceId(new string('d', 129)));
        Assert.NotNull(SessionRules.UserId("\ud800"));
    }

    [Fact]
    public void Ttls_out_of_range_name_the_range()
    {
        Assert.Null(SessionRules.CreateTtl(1, 100));
        Assert.Equal(new RuleViolation(ErrorCode.SessionRuleViolation, "ttl_seconds: 0, allowed are 1 to 100"), SessionRules.CreateTtl(0, 100));
        Assert.Equal(ErrorCode.ArgumentInvalid, SessionRules.RenewTtl(0, 100)!.Code);
        Assert.Equal(ErrorCode.SessionRuleViolation, SessionRules.RenewTtl(101, 100)!.Code);
    }

    [Fact]
    public void Data_counts_as_compact_json()
    {
        static KeyValuePair<string, string>[] Of(params (string, string)[] pairs) => [.. pairs.Select(p => KeyValuePair.Create(p.Item1, p.Item2))];
        Assert.Null(SessionRules.Data(Of()));
        Assert.Null(SessionRules.Data(Of((new string('k', 64), new string('v', 1024)))));
        Assert.NotNull(SessionRules.Data(Of((new string('k', 65), ""))));
        Assert.NotNull(SessionRules.Data(Of(("", "v"))));
        Assert.NotNull(SessionRules.Data(Of(("k", new string('v', 1025)))));
        // {"a":"…","b":"…","c":"…","d":"…"}: 2 braces, 3 commas, 4 × 6 for quotes, colon and key, and the values.
        var room = 4096 - 2 - 3 - 24;
        (string, string)[] four = [("a", new string('v', 1024)), ("b", new string('v', 1024)), ("c", new string('v', 1024)), ("d", new string('v', room - 3072))];
        Assert.Null(SessionRules.Data(Of(four)));
        four[3] = ("d", new string('v', room - 3072 + 1));
        Assert.Equal("data: 4097 bytes as JSON, allowed are 0 to 4096", SessionRules.Data(Of(four))!.Message);
        four[3] = ("d", new string('v', room - 3072 - 1) + "\n");
        Assert.NotNull(SessionRules.Data(Of(four)));
    }

    [Fact]
    public void A_user_agent_is_cut_between_characters()
    {
        Assert.Equal(512, SessionRules.TruncateUserAgent(new string('a', 600)).Length);
        var cut = SessionRules.TruncateUserAgent(new string('a', 511) + "é");
        Assert.Equal(511, cut.Length);
        Assert.Equal("é", Encoding.UTF8.GetString(SessionRules.TruncateUserAgent("é")));
        Assert.Empty(SessionRules.TruncateUserAgent(null));
    }

    [Theory]
    [InlineData("10.1.2.3", "10.1.2.3", true)]
    [InlineData("10.1.2.3", "10.1.2.4", false)]
    [InlineData("10.0.0.0/8", "10.200.2.4", true)]
    [InlineData("10.0.0.0/9", "10.200.2.4", false)]
    [InlineData("0.0.0.0/0", "9.9.9.9", true)]
    [InlineData("::ffff:10.0.0.0/104", "10.9.9.9", true)]
    [InlineData("2001:db8::/33", "2001:db8:7fff::1", true)]
    [InlineData("2001:db8::/33", "2001:db8:8000::1", false)]
    [InlineData("::/0", "1.2.3.4", false)]
    public void Blocks_hold_addresses(string block, string address, bool inside)
    {
        Assert.True(IpBytes.TryParseBlock(block, out var ip, out var bits));
        Assert.Equal(inside, IpBytes.InBlock(IpBytes.Of(System.Net.IPAddress.Parse(address)), ip, bits));
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/")]
    [InlineData("nonsense")]
    [InlineData("::ffff:10.0.0.0/95")]
    public void What_is_no_block_is_refused(string block) => Assert.False(IpBytes.TryParseBlock(block, out _, out _));
}
