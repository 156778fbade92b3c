using TokMesh.State.Keys;

namespace TokMesh.State.Tests;

public class GlobTests
{
    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "abc", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("a", "", false)]
    [InlineData("a*", "a", true)]
    [InlineData("a**", "abc", true)]
    [InlineData("a*c", "abbbc", true)]
    [InlineData("a*c", "abbbd", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("h[ae]llo", "hello", true)]
    [InlineData("h[ae]llo", "hillo", false)]
    [InlineData("h[^e]llo", "hallo", true)]
    [InlineData("h[^e]llo", "hello", false)]
    [InlineData("h[a-b]llo", "hbllo", true)]
    [InlineData("h[b-a]llo", "hallo", true)]
    [InlineData("h[a-b]llo", "hcllo", false)]
    [InlineData("a\\*b", "a*b", true)]
    [InlineData("a\\*b", "axb", false)]
    [InlineData("a\\", "a\\", true)]
    [InlineData("[\\]]", "]", true)]
    [InlineData("[abc", "b", true)]
    [InlineData("[abc", "d", false)]
    [InlineData("[", "a", false)]
    [InlineData("[^", "a", true)]
    [InlineData("[]", "a", false)]
    [InlineData("*[0-9]", "key:7", true)]
    [InlineData("*.*.*", "a.b.c", true)]
    [InlineData("A", "a", false)]
    public void Patterns_match_as_in_redis(string pattern, string text, bool match)
        => Assert.Equal(match, GlobPattern.IsMatch(TestShard.U(pattern), TestShard.U(text)));

    [Fact]
    public void A_hostile_pattern_ends_soon()
    {
        var pattern = TestShard.U(string.Concat(Enumerable.Repeat("a*", 100)) + "b");
        Assert.False(GlobPattern.IsMatch(pattern, TestShard.U(new string('a', 2000))));
        Assert.False(GlobPattern.IsMatch(TestShard.U(string.Concat(Enumerable.Repeat("?*", 5000))), TestShard.U(new string('a', 4000))));
    }

    [Fact]
    public void Simple_patterns_agree_with_a_regular_expression()
    {
        var random = new Random(2);
        for (var i = 0; i < 20_000; i++)
        {
            string pattern = Text("ab*?", 8), text = Text("ab", 8);
            var regex = "^" + pattern.Replace("*", ".*").Replace("?", ".") + "$";
            Assert.Equal(System.Text.RegularExpressions.Regex.IsMatch(text, regex), GlobPattern.IsMatch(TestShard.U(pattern), TestShard.U(text)));
        }

        string Text(string alphabet, int max) => new([.. Enumerable.Range(0, random.Next(max)).Select(_ => alphabet[random.Next(alphabet.Length)])]);
    }
}
