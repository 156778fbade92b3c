using System.Globalization;
using System.Text.RegularExpressions;

namespace TokMesh.Gateway.Tests;

/// <summary>Reads the Prometheus text format strictly: every line must be one of its three kinds, and every sample's metric announced.</summary>
public sealed partial class PrometheusText
{
    private readonly Dictionary<string, double> _samples = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);

    public PrometheusText(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var helped = new HashSet<string>();
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            if (HelpLine().Match(line) is { Success: true } help) Assert.True(helped.Add(help.Groups[1].Value), "Two HELP lines: " + line);
            else if (TypeLine().Match(line) is { Success: true } type) Assert.True(_types.TryAdd(type.Groups[1].Value, type.Groups[2].Value), "Two TYPE lines: " + line);
            else
            {
                // No label at all may be written as an empty list of labels.
                var sample = SampleLine().Match(line.Replace("{} ", " ", StringComparison.Ordinal));
                Assert.True(sample.Success, "Not a line of the format: " + line);
                var name = sample.Groups[1].Value;
                var family = Suffix().Replace(name, "");
                Assert.True(_types.ContainsKey(name) || (_types.TryGetValue(family, out var t) && t == "histogram"), "No TYPE before: " + line);
                Assert.True(_samples.TryAdd(sample.Groups[1].Value + sample.Groups[2].Value, double.Parse(sample.Groups[3].Value, CultureInfo.InvariantCulture)), "Twice: " + line);
            }
        }
        Assert.Equal(helped, _types.Keys.ToHashSet());
    }

    public double this[string sample] => _samples[sample];

    public IReadOnlyDictionary<string, double> Samples => _samples;

    public IReadOnlyDictionary<string, string> Types => _types;

    [GeneratedRegex("^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) \\S.*$")]
    private static partial Regex HelpLine();

    [GeneratedRegex("^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$")]
    private static partial Regex TypeLine();

    [GeneratedRegex("^([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{[a-zA-Z_][a-zA-Z0-9_]*=\"[^\"\\\\\\n]*\"(?:,[a-zA-Z_][a-zA-Z0-9_]*=\"[^\"\\\\\\n]*\")*\\})? (-?[0-9][0-9.eE+-]*|\\+Inf|NaN)$")]
    private static partial Regex SampleLine();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();
}
