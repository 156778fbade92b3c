namespace TokMesh.Raft.Tests.Scenarios.Steps;

/// <summary>A verb, what may follow it, and what it does.</summary>
/// <param name="Usage">The line as it is written: &lt;a word&gt; is needed, [a word] is not.</param>
/// <param name="Options">Names of options it takes.</param>
/// <param name="Statuses">What it may answer; the first is the usual one.</param>
/// <param name="Do">What it does.</param>
internal sealed record Step(string Usage, string[] Options, string[] Statuses, Action<ScenarioRun, ScenarioLine> Do)
{
    public string Verb { get; } = Usage.Split(' ')[0];

    private int Needed { get; } = Usage.Split(' ').Count(w => w.StartsWith('<'));

    private int Possible { get; } = Usage.Split(' ').Skip(1).Count(w => !w.Contains('='));

    /// <exception cref="ScenarioException">The line is not written as the usage says.</exception>
    public void Validate(ScenarioLine line)
    {
        if (line.Words.Count < Needed || line.Words.Count > Possible) throw line.Bad($"allowed is: {Usage}");
        foreach (var option in line.Options)
        {
            if (!Options.Contains(option.Key)) throw line.Bad($"`{line.Verb}` takes no `{option.Key}`; allowed is {(Options.Length == 0 ? "none" : string.Join(", ", Options))}");
        }
        if (line.Status is { } status && !Statuses.Contains(status))
            throw line.Bad($"`{line.Verb}` never answers `{status}`; allowed is {(Statuses.Length == 0 ? "none" : string.Join(", ", Statuses))}");
    }
}
