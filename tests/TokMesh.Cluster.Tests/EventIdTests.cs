using System.Text.RegularExpressions;
using TokMesh.TestKit;

namespace TokMesh.Cluster.Tests;

/// <summary>Whoever filters logs by event id gets what was meant: every message of the product has a number of its own.</summary>
public sealed partial class EventIdTests
{
    [Fact]
    public void Every_message_has_an_event_id_that_no_other_has()
    {
        var messages = SourceTree.Files("src", "silo-host", "client-sdk").SelectMany(static f => Message().Matches(File.ReadAllText(f)).Select(m => (File: Path.GetFileName(f), Id: m.Groups[1].Value))).ToArray();
        Assert.True(messages.Length > 40);
        Assert.Equal([], messages.Where(static m => m.Id.Length != 4));
        Assert.Equal([], messages.GroupBy(static m => m.Id).Where(static g => g.Count() > 1).Select(static g => $"{g.Key}: {string.Join(", ", g.Select(static m => m.File))}"));
    }

    [GeneratedRegex(@"\[LoggerMessage\((?:EventId = )?([0-9]*)")]
    private static partial Regex Message();
}
