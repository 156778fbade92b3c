using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace TokMesh.Host.Tests;

public sealed partial class JsonLinesTests
{
    [Fact]
    public void A_line_is_one_object_with_timestamp_level_logger_message_and_the_fields()
    {
        var line = Line(log => Moved(log, 7, "tmnd-a\n\"b\""));
        Assert.Equal(["timestamp", "level", "logger", "message", "event_id", "shard_number", "node_id"], line.EnumerateObject().Select(p => p.Name));
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{3}Z$", line.GetProperty("timestamp").GetString());
        Assert.Equal("WARN", line.GetProperty("level").GetString());
        Assert.Equal("tokmesh.test", line.GetProperty("logger").GetString());
        Assert.Equal("Shard 7 moved to tmnd-a\n\"b\"", line.GetProperty("message").GetString());
        Assert.Equal(42, line.GetProperty("event_id").GetInt32());
        Assert.Equal("7", line.GetProperty("shard_number").GetString());
    }

    [Theory]
    [InlineData(LogLevel.Trace, "DEBUG")]
    [InlineData(LogLevel.Debug, "DEBUG")]
    [InlineData(LogLevel.Information, "INFO")]
    [InlineData(LogLevel.Warning, "WARN")]
    [InlineData(LogLevel.Error, "ERROR")]
    [InlineData(LogLevel.Critical, "ERROR")]
    public void There_are_four_levels(LogLevel level, string name) =>
        Assert.Equal(name, Line(log => log.Log(level, default, "x", null, static (s, _) => s)).GetProperty("level").GetString());

    [Fact]
    public void Secrets_are_masked_in_message_fields_and_errors()
    {
        var text = Line(log => Failed(log, new InvalidOperationException("tmas_inside"), "tmtk_inside")).GetRawText();
        Assert.DoesNotContain("inside", text, StringComparison.Ordinal);
        Assert.Contains("tmas_***REDACTED***", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_never_hides_what_every_line_has()
    {
        var line = Line(log => Clashes(log, "mine", "x"));
        var names = line.EnumerateObject().Select(p => p.Name).ToArray();
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.Equal("A mine error x", line.GetProperty("message").GetString());
        Assert.Equal("INFO", line.GetProperty("level").GetString());
    }

    private static JsonElement Line(Action<ILogger> write)
    {
        var output = new StringWriter();
        using (var lines = new JsonLines(output)) write(lines.CreateLogger("tokmesh.test"));
        var text = output.ToString();
        Assert.Equal(text.Length - 1, text.IndexOf('\n', StringComparison.Ordinal));
        return JsonDocument.Parse(text).RootElement;
    }

    [LoggerMessage(42, LogLevel.Warning, "Shard {ShardNumber} moved to {NodeId}")]
    private static partial void Moved(ILogger logger, int shardNumber, string nodeId);

    [LoggerMessage(43, LogLevel.Error, "Token {Token} failed")]
    private static partial void Failed(ILogger logger, Exception exception, string token);

    [LoggerMessage(44, LogLevel.Information, "A {Level} error {Error}")]
    private static partial void Clashes(ILogger logger, string level, string error);
}
