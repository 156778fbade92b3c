namespace TokMesh.Raft.Tests.Scenarios;

/// <summary>A wrong line names its file and number, says what is wrong and what is allowed, and fails before anything runs.</summary>
public sealed class ScenarioReaderTests
{
    private const string Head = "# Proves something.\ncluster voters=3 learners=1\n";

    [Theory]
    [InlineData("camapign 1", "`camapign` is no step; allowed is run, await-leader, settle,")]
    [InlineData("campaign", "allowed is: campaign <member>")]
    [InlineData("campaign 1 2", "allowed is: campaign <member>")]
    [InlineData("propose 1 size=5", "`propose` takes no `size`; allowed is count, bytes")]
    [InlineData("propose 1 -> done", "`propose` never answers `done`; allowed is accepted, not-leader, busy")]
    [InlineData("propose 1 -> busy now", "an arrow is followed by one status")]
    [InlineData("settle -> done", "allowed is none")]
    [InlineData("deliver type=prevote", "`prevote` is no type of message; allowed is pre-vote, pre-vote-reply, vote,")]
    [InlineData("deliver color=red", "`deliver` takes no `color`; allowed is type, from, to,")]
    [InlineData("expect 1 roll=leader", "nothing is known of `roll` here; allowed is")]
    [InlineData("expect 1 mode=probe", "nothing is known of `mode` here; allowed is")]
    [InlineData("expect progress 1 mode=probe", "expect progress <leader> <follower>")]
    [InlineData("cluster voters=5", "there is one cluster")]
    [InlineData("options election-timeout=soon", "`soon` is not a number; allowed is a whole number")]
    [InlineData("options lease=perhaps", "`lease` is `perhaps`; allowed is yes or no")]
    [InlineData("options speed=9", "option `speed` is not known; allowed is election-timeout,")]
    public void A_line_that_cannot_be_is_refused_when_it_is_read(string line, string expected)
    {
        var error = Assert.Throws<ScenarioException>(() => ScenarioReader.Read("some.scenario", Head + line));
        Assert.StartsWith("some.scenario:3: ", error.Message);
        Assert.Contains(expected, error.Message);
        Assert.EndsWith(line, error.Message);
    }

    [Theory]
    [InlineData("campaign 9", "there is no member 9; allowed is 1 to 4, or leader")]
    [InlineData("campaign one", "`one` is not a number")]
    [InlineData("run soon", "`soon` is not a number")]
    [InlineData("propose 1", "the answer was `not-leader`; expected was `accepted`")]
    [InlineData("propose 1 -> busy", "the answer was `not-leader`; expected was `busy`")]
    [InlineData("propose leader", "nobody leads")]
    [InlineData("deliver type=append", "no such message is under way; under way is nothing")]
    [InlineData("restart 1", "member 1 is up already")]
    [InlineData("disk 1 log=1-3", "`1-3` is no run of entries; allowed is from..to@term or index@term")]
    [InlineData("send type=append-reply from=2 to=1 reject=maybe", "`reject` is `maybe`; allowed is yes or no")]
    [InlineData("expect 1 role=leader", "member 1 has role follower; expected was role=leader")]
    [InlineData("expect all term>=1", "member 1 has term 0; expected was term>=1")]
    [InlineData("expect 1 commit!=0", "member 1 has commit 0; expected was commit!=0")]
    [InlineData("expect progress 1 2 mode=probe", "member 1 does not lead")]
    [InlineData("expect wire type=vote", "0 such messages are under way; expected was count>=1")]
    [InlineData("expect read a answered", "no read is named a")]
    [InlineData("expect group leader=1", "the group has leader none; expected was leader=1")]
    public void A_step_that_fails_names_its_line_and_what_was_found(string line, string expected)
    {
        var error = Assert.Throws<ScenarioException>(() => ScenarioRun.Run(ScenarioReader.Read("some.scenario", Head + line)));
        Assert.StartsWith("some.scenario:3: ", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Theory]
    [InlineData("# Proves something.\nsettle", "begins with a cluster")]
    [InlineData("# Proves something.", "there is no cluster")]
    [InlineData("cluster voters=3", "does not begin with a comment that says what it proves")]
    [InlineData("# Proves something.\ncluster voters=3 members=4", "`members` is not known; allowed is voters, learners, strangers")]
    [InlineData("# Proves something.\ncluster voters=3\noptions heartbeat=1", "HeartbeatMs is 1; allowed is 10 to 10000")]
    public void A_file_that_is_no_scenario_is_refused(string text, string expected)
    {
        var error = Assert.Throws<ScenarioException>(() => ScenarioReader.Read("some.scenario", text));
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void A_lenient_scenario_skips_what_does_not_apply()
    {
        ScenarioRun.Run(ScenarioReader.Read("some.scenario", Head + "lenient\nrestart 1\npropose 1\ndeliver type=append\npersist 2\ncampaign 1\nsettle\nexpect 1 role=leader"));
    }

    [Fact]
    public void A_lenient_scenario_still_expects()
    {
        Assert.Throws<ScenarioException>(() => ScenarioRun.Run(ScenarioReader.Read("some.scenario", Head + "lenient\nexpect 1 role=leader")));
    }
}
