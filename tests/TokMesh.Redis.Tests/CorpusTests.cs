using System.Text;
using TokMesh.Cluster.Meta;

namespace TokMesh.Redis.Tests;

/// <summary>Replies byte for byte: against what Redis 7.0.15 answered when it was recorded, and against a live one if it is installed.</summary>
public sealed class CorpusTests
{
    /// <summary>Set to a path, the live test writes there what the real Redis answers.</summary>
    private const string RecordTo = "TOKMESH_RECORD_REDIS";

    [Fact]
    public async Task Replies_are_those_recorded_from_Redis_7()
    {
        var recorded = Corpus.Recorded;
        Assert.Equal(Corpus.Commands.Count, recorded.Count);
        AssertSame(recorded, await PlayHereAsync());
    }

    [SkippableFact]
    public async Task Replies_are_those_of_a_live_Redis()
    {
        using var redis = RedisProcess.TryStart("secret");
        Skip.If(redis is null, "redis-server is not installed here: apt-get install redis-server. The recorded replies are compared anyway.");
        var real = Corpus.Play(redis.Port, "AUTH", "secret");
        if (Environment.GetEnvironmentVariable(RecordTo) is { Length: > 0 } path)
            File.WriteAllText(path, string.Concat(real.Select(r => (r.Length == 0 ? "(nothing)" : Corpus.Escape(r)) + "\n")), Encoding.Latin1);
        AssertSame(real, await PlayHereAsync());
    }

    private static async Task<List<string>> PlayHereAsync()
    {
        var host = new RedisHost();
        await host.InitializeAsync();
        var (id, secret) = host.KeyOf(ApiRole.Admin);
        var replies = Corpus.Play(host.Port, "AUTH", id, secret);
        await host.DisposeAsync();
        return replies;
    }

    private static void AssertSame(IReadOnlyList<string> expected, List<string> actual)
    {
        var differences = new StringBuilder();
        for (var i = 0; i < expected.Count; i++)
        {
            var command = Corpus.Commands[i];
            if (Exceptions.Reason(command, expected[i], actual[i]) is not null || expected[i] == actual[i]) continue;
            differences.AppendLine($"[{command.Block}] {command.Line}\n    Redis: {Corpus.Escape(expected[i])}\n    here:  {Corpus.Escape(actual[i])}");
        }
        Assert.True(differences.Length == 0, differences.ToString());
    }
}
