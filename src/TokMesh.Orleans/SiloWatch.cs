using Microsoft.Extensions.Logging;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Orleans;

/// <summary>Says what a node's operator must know, in an application that gives the node no watch of its own.</summary>
internal sealed partial class SiloWatch(ILogger<SiloWatch> logger) : INodeWatch
{
    public void LeaderChanged(uint group, Role role, Term term, MemberId leader) => Leader(group, role, term.Value, leader.Value);

    public void BadFrame(MemberId from, string problem) => Unreadable(from.Value, problem);

    public void ClockJudged(bool trusted, double offsetMs)
    {
        if (trusted) ClockBack(offsetMs);
        else ClockOff(offsetMs);
    }

    public void ConditionChanged(Condition condition, bool isRaised)
    {
        var (code, text) = (condition.Code.ToText(), condition.Describe(static member => member.ToString()));
        if (!isRaised) Over(code, text);
        else if (condition.Severity == Severity.Critical) Critical(code, text);
        else if (condition.Severity == Severity.Warning) Wrong(code, text);
        else Note(code, text);
    }

    [LoggerMessage(6101, LogLevel.Debug, "Group {Group}: {Role} in term {Term}, led by member {Leader}")]
    private partial void Leader(uint group, Role role, ulong term, uint leader);

    [LoggerMessage(6102, LogLevel.Error, "Member {From} sent a frame that cannot be read: {Problem}")]
    private partial void Unreadable(uint from, string problem);

    [LoggerMessage(6103, LogLevel.Critical, "This node's clock is {OffsetMs:F0} ms away from the majority's: it leads no group until the clock is corrected")]
    private partial void ClockOff(double offsetMs);

    [LoggerMessage(6104, LogLevel.Warning, "This node's clock is back with the majority's ({OffsetMs:F0} ms): it may lead again")]
    private partial void ClockBack(double offsetMs);

    [LoggerMessage(6105, LogLevel.Critical, "{Code}: {Text}")]
    private partial void Critical(string code, string text);

    [LoggerMessage(6107, LogLevel.Warning, "{Code}: {Text}")]
    private partial void Wrong(string code, string text);

    [LoggerMessage(6108, LogLevel.Information, "{Code}: {Text}")]
    private partial void Note(string code, string text);

    [LoggerMessage(6106, LogLevel.Information, "{Code} is over: {Text}")]
    private partial void Over(string code, string text);
}
