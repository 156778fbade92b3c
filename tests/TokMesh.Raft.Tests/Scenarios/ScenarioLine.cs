using TokMesh.Raft.Log;

namespace TokMesh.Raft.Tests.Scenarios;

/// <summary>One line: a verb, words, conditions or options, and perhaps the status expected after an arrow.</summary>
internal sealed class ScenarioLine
{
    private ScenarioLine(string file, int number, string text, string verb)
    {
        (File, Number, Text, Verb) = (file, number, text, verb);
    }

    public string File { get; }

    public int Number { get; }

    public string Text { get; }

    public string Verb { get; }

    public List<string> Words { get; } = [];

    public List<Condition> Options { get; } = [];

    /// <summary>What follows the arrow; null when nothing does.</summary>
    public string? Status { get; private set; }

    /// <summary>Null when the line holds nothing but a comment.</summary>
    public static ScenarioLine? Parse(string file, int number, string text)
    {
        var comment = text.IndexOf('#');
        var words = (comment < 0 ? text : text[..comment]).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0) return null;
        var line = new ScenarioLine(file, number, string.Join(' ', words), words[0]);
        for (var i = 1; i < words.Length; i++)
        {
            if (words[i] == "->")
            {
                if (i != words.Length - 2) throw line.Bad("an arrow is followed by one status, and that ends the line");
                line.Status = words[i + 1];
                break;
            }
            if (Condition.TryParse(words[i]) is { } option) line.Options.Add(option);
            else line.Words.Add(words[i]);
        }
        return line;
    }

    /// <summary>What is wrong with this line, ready to be thrown.</summary>
    public ScenarioException Bad(string what) => new($"{File}:{Number}: {what}{Environment.NewLine}    {Text}");

    public string? Option(string key)
    {
        foreach (var option in Options) if (option.Key == key) return option.Value;
        return null;
    }

    public int Number32(string key, int fallback) => Option(key) is { } value ? Number32(value) : fallback;

    public int Number32(string word) =>
        int.TryParse(word, out var number) && number >= 0 ? number : throw Bad($"`{word}` is not a number; allowed is a whole number from 0 on");

    public ulong Number64(string key) => Option(key) is not { } value ? 0
        : ulong.TryParse(value, out var number) ? number : throw Bad($"`{value}` is not a number; allowed is a whole number from 0 on");

    public bool Flag(string key, bool fallback) => Option(key) switch
    {
        null => fallback,
        "yes" => true,
        "no" => false,
        var other => throw Bad($"`{key}` is `{other}`; allowed is yes or no"),
    };

    public MemberId Id(string word) => word == "none" ? MemberId.None : new MemberId((uint)Number32(word));

    public IEnumerable<MemberId> Ids(string? list) => list is null or "none" ? [] : list.Split(',').Select(Id);

    /// <summary>Entries written as runs of one term, <c>1..3@1,4@2</c>; what they hold follows from position and term.</summary>
    public List<Entry> Log(string? runs)
    {
        var log = new List<Entry>();
        if (runs is null or "none") return log;
        foreach (var run in runs.Split(','))
        {
            var parts = run.Split('@');
            var range = parts[0].Split("..");
            if (parts.Length != 2 || range.Length > 2) throw Bad($"`{run}` is no run of entries; allowed is from..to@term or index@term");
            var (from, to, term) = (Number32(range[0]), Number32(range[^1]), Number32(parts[1]));
            for (var i = from; i <= to; i++)
                log.Add(new Entry(new LogIndex((ulong)i), new Term((ulong)term), EntryType.Command, BitConverter.GetBytes(((long)term << 32) + i)));
        }
        return log;
    }
}
