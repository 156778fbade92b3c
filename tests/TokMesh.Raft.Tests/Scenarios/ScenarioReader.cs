using TokMesh.Raft.Options;

namespace TokMesh.Raft.Tests.Scenarios;

/// <summary>
/// Reads a scenario. One step a line; <c>#</c> begins a comment. The first lines are a comment that says what is proved. Then:
/// <code>
/// cluster voters=3 learners=1 strangers=1     members are numbered from 1 in this order
/// options election-timeout=600 lease=no       timings and bounds, see below; all have defaults
/// lenient                                     steps that do not apply are skipped, statuses not looked at
/// </code>
/// and then steps: a verb, words, options, and the status expected after an arrow where another than the usual one is.
/// <see cref="Steps.StepTable"/> lists them with their words; <see cref="Expectations.ExpectationTable"/> what can be expected.
/// </summary>
internal static class ScenarioReader
{
    private static readonly Dictionary<string, Func<RaftOptions, ScenarioLine, string, RaftOptions>> OptionSetters = new()
    {
        ["election-timeout"] = (o, l, v) => o with { ElectionTimeoutMs = l.Number32(v) },
        ["election-jitter"] = (o, l, v) => o with { ElectionJitterMs = l.Number32(v) },
        ["heartbeat"] = (o, l, v) => o with { HeartbeatMs = l.Number32(v) },
        ["clock-drift"] = (o, l, v) => o with { ClockDriftPercent = l.Number32(v) },
        ["lease"] = (o, l, _) => o with { LeaseReads = l.Flag("lease", true) },
        ["entries-per-append"] = (o, l, v) => o with { MaxEntriesPerAppend = l.Number32(v) },
        ["bytes-per-append"] = (o, l, v) => o with { MaxBytesPerAppend = l.Number32(v) },
        ["inflight-appends"] = (o, l, v) => o with { MaxInflightAppends = l.Number32(v) },
        ["inflight-bytes"] = (o, l, v) => o with { MaxInflightBytes = l.Number32(v) },
        ["uncommitted-bytes"] = (o, l, v) => o with { MaxUncommittedBytes = l.Number32(v) },
        ["snapshot-chunk"] = (o, l, v) => o with { SnapshotChunkBytes = l.Number32(v) },
        ["snapshot-window"] = (o, l, v) => o with { SnapshotWindow = l.Number32(v) },
        ["quiesce-after"] = (o, l, v) => o with { QuiesceAfterMs = l.Number32(v) },
        ["entries-per-apply"] = (o, l, v) => o with { MaxEntriesPerApply = l.Number32(v) },
    };

    /// <exception cref="ScenarioException">File, line, what is wrong, what is allowed.</exception>
    public static Scenario Read(string name, string text)
    {
        var purpose = new List<string>();
        // Idle groups keep time unless a scenario is about silence: most let some pass.
        var options = new RaftOptions { QuiesceAfterMs = 0 };
        ScenarioLine? cluster = null;
        var lenient = false;
        var steps = new List<ScenarioLine>();
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var raw = lines[i].Trim();
            if (cluster is null && raw.StartsWith('#')) purpose.Add(raw.TrimStart('#', ' '));
            if (ScenarioLine.Parse(name, i + 1, raw) is not { } line) continue;
            switch (line.Verb)
            {
                case "cluster":
                    if (cluster is not null) throw line.Bad("there is one cluster");
                    foreach (var option in line.Options)
                        if (option.Key is not ("voters" or "learners" or "strangers")) throw line.Bad($"`{option.Key}` is not known; allowed is voters, learners, strangers");
                    cluster = line;
                    break;
                case "options":
                    if (steps.Count > 0) throw line.Bad("options come before the first step");
                    foreach (var option in line.Options)
                    {
                        if (!OptionSetters.TryGetValue(option.Key, out var set))
                            throw line.Bad($"option `{option.Key}` is not known; allowed is {string.Join(", ", OptionSetters.Keys)}");
                        options = set(options, line, option.Value);
                    }
                    break;
                case "lenient":
                    lenient = true;
                    break;
                default:
                    if (cluster is null) throw line.Bad("a scenario begins with a cluster, as in: cluster voters=3");
                    Steps.StepTable.Validate(line);
                    steps.Add(line);
                    break;
            }
        }
        if (cluster is null) throw new ScenarioException($"{name}: there is no cluster; a scenario begins with a line as: cluster voters=3");
        if (purpose.Count == 0) throw cluster.Bad("the file does not begin with a comment that says what it proves");
        try
        {
            options.Validate();
        }
        catch (ArgumentException e)
        {
            throw cluster.Bad(e.Message);
        }
        return new Scenario(name, string.Join(' ', purpose), lenient, cluster.Number32("voters", 0), cluster.Number32("learners", 0),
            cluster.Number32("strangers", 0), options, steps);
    }
}
