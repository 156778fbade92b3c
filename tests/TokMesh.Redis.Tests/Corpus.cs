using System.Text;
using System.Text.RegularExpressions;
using TokMesh.Redis.Protocol;

namespace TokMesh.Redis.Tests;

/// <summary>One command of the corpus.</summary>
/// <param name="Block">The connection it belongs to.</param>
/// <param name="Line">Its line, to tell it by.</param>
/// <param name="Bytes">What is sent.</param>
/// <param name="IsRaw">Whether the connection ends with it.</param>
/// <param name="IsTimed">Whether its reply depends on the time.</param>
internal sealed record CorpusCommand(string Block, string Line, byte[] Bytes, bool IsRaw, bool IsTimed);

/// <summary>The commands of Corpus/commands.txt, and what Redis 7.0.15 answered to them (Corpus/redis-7.0.15.txt).</summary>
internal static partial class Corpus
{
    public static readonly IReadOnlyList<CorpusCommand> Commands = ReadCommands();

    public static IReadOnlyList<string> Recorded => Resource("redis-7.0.15.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Unescape).ToArray();

    /// <summary>Sends everything to a server; the replies in order.</summary>
    public static List<string> Play(int port, params string[] login)
    {
        var replies = new List<string>();
        foreach (var block in Commands.GroupBy(c => c.Block))
        {
            using var client = RespClient.ConnectAsync(port).GetAwaiter().GetResult();
            if (!block.Key.StartsWith("unauthenticated", StringComparison.Ordinal)) Assert.Equal("+OK\r\n", client.Call(login));
            foreach (var command in block)
            {
                client.Send(command.Bytes);
                if (command.IsRaw) client.EndInput();
                var reply = command.IsRaw ? client.ReadToEnd() : client.Read();
                replies.Add(command.IsTimed ? Timeless(reply) : reply);
            }
        }
        return replies;
    }

    public static string Escape(string text) =>
        string.Concat(text.Select(c => c switch { '\r' => "\\r", '\n' => "\\n", '\\' => "\\\\", < ' ' or > '~' => $"\\x{(int)c:x2}", _ => c.ToString() }));

    private static string Unescape(string text) => Escapes().Replace(text == "(nothing)" ? "" : text, m => m.Value[1] switch
    {
        'r' => "\r",
        'n' => "\n",
        'x' => ((char)Convert.ToByte(m.Value[2..], 16)).ToString(),
        _ => "\\",
    });

    /// <summary>Numbers, and the lengths that come from them, become N.</summary>
    private static string Timeless(string reply) => Digits().Replace(reply, "N");

    private static List<CorpusCommand> ReadCommands()
    {
        var commands = new List<CorpusCommand>();
        var block = "";
        foreach (var line in Resource("commands.txt").Split('\n'))
        {
            if (line.StartsWith("--- ", StringComparison.Ordinal)) block = line[4..];
            else if (line.Length > 0 && line[0] != '#')
            {
                var words = Split(line.TrimStart('~'));
                var raw = words[0] == "raw";
                commands.Add(new CorpusCommand(block, line, raw ? Encoding.Latin1.GetBytes(words[1]) : RespClient.Encode(words), raw, line[0] == '~'));
            }
        }
        return commands;
    }

    private static string[] Split(string line)
    {
        var bytes = Encoding.Latin1.GetBytes(line);
        var text = new byte[bytes.Length];
        var ranges = new int[16];
        Assert.True(InlineSplitter.TrySplit(bytes, text, ref ranges, out var words), line);
        return [.. Enumerable.Range(0, words).Select(i => Encoding.Latin1.GetString(text, ranges[2 * i], ranges[(2 * i) + 1]))];
    }

    private static string Resource(string name)
    {
        using var stream = typeof(Corpus).Assembly.GetManifestResourceStream($"TokMesh.Redis.Tests.Corpus.{name}")!;
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"\\(x[0-9a-f]{2}|.)")]
    private static partial Regex Escapes();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();
}
