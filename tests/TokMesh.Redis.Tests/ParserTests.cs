using System.Text;
using TokMesh.Redis.Protocol;

namespace TokMesh.Redis.Tests;

public sealed class ParserTests
{
    [Fact]
    public void Any_split_of_the_bytes_gives_the_same_commands()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var sent = new List<string[]>();
            var stream = new MemoryStream();
            for (var i = random.Next(1, 30); i > 0; i--)
            {
                var words = new string[random.Next(1, 6)];
                for (var w = 0; w < words.Length; w++) words[w] = Text(random, random.Next(0, random.Next(10) == 0 ? 3000 : 12));
                sent.Add(words);
                stream.Write(RespClient.Encode(words));
                if (random.Next(5) == 0) stream.Write("\r\n*0\r\n  \r\n"u8);
            }
            var bytes = stream.ToArray();
            var sizes = random.Next(4) switch { 0 => 1, 1 => 3, 2 => 40, _ => bytes.Length };
            Assert.Equal(sent.Select(Join), Feed(bytes, random, sizes).Select(Join));
        }
    }

    [Fact]
    public void Garbage_is_refused_or_read_but_never_fails_otherwise()
    {
        for (var seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var bytes = new byte[random.Next(1, 80)];
            const string alphabet = "*$:+-0123456789\r\n\"'\\ xPING";
            for (var i = 0; i < bytes.Length; i++) bytes[i] = random.Next(8) == 0 ? (byte)random.Next(256) : (byte)alphabet[random.Next(alphabet.Length)];
            var whole = Outcome(bytes, bytes.Length);
            Assert.Equal(whole, Outcome(bytes, 1));
        }
    }

    [Theory]
    [InlineData("*1048577\r\n", true, "invalid multibulk length")]
    [InlineData("*11\r\n", false, "unauthenticated multibulk length")]
    [InlineData("*1\r\n$16385\r\n", false, "unauthenticated bulk length")]
    [InlineData("*1\r\n$20001\r\n", true, "invalid bulk length")]
    public void A_limit_is_refused_as_soon_as_it_is_announced(string bytes, bool authenticated, string problem)
    {
        var parser = new RequestParser(20_000);
        Assert.Equal(ParseStatus.Failed, parser.Next(Encoding.Latin1.GetBytes(bytes), authenticated, out _));
        Assert.Equal(problem, parser.Problem);
    }

    [Theory]
    [InlineData("", "too big inline request")]
    [InlineData("*", "too big mbulk count string")]
    [InlineData("*1\r\n$", "too big bulk count string")]
    public void A_line_without_an_end_is_refused_at_64_KiB(string start, string problem)
    {
        var parser = new RequestParser(1024);
        Assert.Equal(ParseStatus.Incomplete, parser.Next(Encoding.Latin1.GetBytes(start + new string('1', 60_000)), true, out _));
        Assert.Equal(ParseStatus.Failed, parser.Next(Encoding.Latin1.GetBytes(start + new string('1', 66_000)), true, out _));
        Assert.Equal(problem, parser.Problem);
    }

    [Fact]
    public void What_a_command_still_needs_is_known_from_its_head()
    {
        var parser = new RequestParser(1 << 20);
        Assert.Equal(ParseStatus.Incomplete, parser.Next("*1\r\n$1000\r\nabc"u8, true, out _));
        Assert.Equal(11 + 1000 + 2, parser.Needed);
    }

    [Fact]
    public void A_command_of_many_words_is_read_whole()
    {
        var words = new string[100_000];
        Array.Fill(words, "w");
        var bytes = RespClient.Encode(words);
        Assert.Equal(words.Length, Assert.Single(Feed(bytes, new Random(1), 5000)).Length);
    }

    private static string Outcome(byte[] bytes, int step)
    {
        var (commands, problem) = Run(bytes, _ => step);
        return string.Join(';', commands.Select(Join)) + "!" + problem;
    }

    private static List<string[]> Feed(byte[] bytes, Random random, int sizes)
    {
        var (commands, problem) = Run(bytes, _ => random.Next(1, sizes + 1));
        Assert.Equal("", problem);
        return commands;
    }

    /// <summary>As a connection does it: reads of some sizes, in one segment each, the rest carried over.</summary>
    private static (List<string[]> Commands, string Problem) Run(byte[] bytes, Func<int, int> size)
    {
        var commands = new List<string[]>();
        var parser = new RequestParser(1 << 20);
        using var input = new InputBuffer();
        for (var at = 0; at < bytes.Length;)
        {
            var take = Math.Min(size(at), bytes.Length - at);
            // A copy that dies with the read: nothing may be kept from it.
            var read = bytes.AsMemory(at, take).ToArray();
            input.Accept(new System.Buffers.ReadOnlySequence<byte>(read), parser.Needed);
            at += take;
            while (true)
            {
                var status = parser.Next(input.Unread, true, out var consumed);
                if (status == ParseStatus.Failed) return (commands, parser.Problem);
                if (status == ParseStatus.Incomplete) break;
                if (parser.Words > 0) commands.Add([.. parser.Current(input.Unread).Copy().Select(Encoding.Latin1.GetString)]);
                input.Consume(consumed);
            }
            input.Release();
            Array.Fill(read, (byte)'#');
        }
        return (commands, "");
    }

    private static string Join(string[] words) => string.Join('|', words);

    private static string Text(Random random, int length) => string.Create(length, random, static (span, r) =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = (char)r.Next(256);
    });
}
