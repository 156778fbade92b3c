using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using TokMesh.Cluster.Errors;
using TokMesh.State.Errors;
using TokMesh.TestKit;

namespace TokMesh.Cluster.Tests;

/// <summary>
/// Every error code is in the registry once, is raised somewhere, and is in <c>docs/errors.md</c>, which <c>TOKMESH_WRITE_DOCS=1</c> has this
/// test write.
/// </summary>
public sealed partial class ErrorRegistryTests
{
    private static readonly Dictionary<string, string> Constants = typeof(Codes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .ToDictionary(static f => f.Name, static f => (string)f.GetValue(null)!);

    [Fact]
    public void Every_code_is_there_once_with_what_to_do()
    {
        Assert.Equal(Constants.Values.Concat(HealthCodes.All.Select(static c => c.ToText())).Order(StringComparer.Ordinal), ErrorRegistry.All.Select(static e => e.Code));
        Assert.Equal(ErrorRegistry.All.Count, ErrorRegistry.All.Select(static e => e.Code).Distinct().Count());
        Assert.All(ErrorRegistry.All, static entry =>
        {
            Assert.Matches(Code(), entry.Code);
            Assert.Matches("[^. ]$", entry.Meaning);
            Assert.Matches("[^. ]$", entry.Remedy);
        });
    }

    [Fact]
    public void Every_number_has_a_text_of_the_registry_and_a_message()
    {
        Assert.Equal(Enum.GetValues<ErrorCode>().Order(), ErrorTexts.All.Order());
        Assert.All(Enum.GetValues<ErrorCode>().Except([ErrorCode.None]), static code =>
        {
            Assert.Contains(code.ToText(), Constants.Values);
            Assert.NotEmpty(code.Message());
        });
        Assert.Equal(Codes.Internal, ((ErrorCode)60000).ToText());
    }

    [Fact]
    public void No_code_is_written_out_elsewhere_and_each_is_raised()
    {
        var texts = ErrorTexts.All.ToLookup(static c => c.ToText());
        var sources = Sources().Select(static f => (File: f, Text: Comment().Replace(File.ReadAllText(f), ""))).ToArray();
        Assert.Equal([], sources.Where(static s => Code().IsMatch(s.Text)).Select(static s => s.File));
        var all = string.Concat(sources.Select(static s => s.Text));
        Assert.Equal([], Constants.Where(c => !Word($"Codes.{c.Key}").IsMatch(all) && !texts[c.Value].Any(code => Word($"ErrorCode.{code}").IsMatch(all))).Select(static c => c.Key));
        Assert.Equal([], ErrorTexts.All.Where(code => !Word($"ErrorCode.{code}").IsMatch(all)));
    }

    [Fact]
    public void The_page_says_what_the_registry_says()
    {
        var file = Path.Combine(SourceTree.Root, "docs", "errors.md");
        if (Environment.GetEnvironmentVariable("TOKMESH_WRITE_DOCS") == "1") File.WriteAllText(file, Page());
        Assert.Equal(Page(), File.ReadAllText(file));
    }

    private static string Page()
    {
        var page = new StringBuilder("""
            # Error codes

            Every stable code, what it means and what to do. A front end tells more where it knows more: over HTTP in `message` and
            `details`, over the Redis protocol behind the code. Codes are never given another meaning.

            | code | what it means | what to do |
            |---|---|---|

            """);
        foreach (var entry in ErrorRegistry.All) page.Append(null, $"| `{entry.Code}` | {entry.Meaning} | {entry.Remedy} |\n");
        return page.ToString();
    }

    // The registry itself, and the words of what is in it, are left out.
    private static IEnumerable<string> Sources() => SourceTree.Files("src", "silo-host").Where(static f => !f.Contains("/Errors/", StringComparison.Ordinal));

    private static Regex Word(string word) => new(Regex.Escape(word) + @"\b");

    [GeneratedRegex("TM-[A-Z]+-[0-9]{4}")]
    private static partial Regex Code();

    [GeneratedRegex("//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();
}
