using System.Buffers;
using System.Text;
using System.Text.Json;

namespace TokMesh.Host;

/// <summary>
/// Logs as JSON lines: timestamp, level, logger, message, and the message's own fields under their names. Whatever
/// looks like a token, a secret or a token hash is masked, wherever it stands.
/// </summary>
internal sealed class JsonLines(TextWriter output) : ILoggerProvider
{
    private readonly Lock _lock = new();

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        lock (_lock) output.Flush();
    }

    private void Write(string line)
    {
        lock (_lock)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    private sealed class Logger(JsonLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var buffer = new ArrayBufferWriter<byte>(256);
            using (var json = new Utf8JsonWriter(buffer))
            {
                json.WriteStartObject();
                json.WriteString("timestamp", DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));
                json.WriteString("level", logLevel switch { LogLevel.Trace or LogLevel.Debug => "DEBUG", LogLevel.Information => "INFO", LogLevel.Warning => "WARN", _ => "ERROR" });
                json.WriteString("logger", category);
                json.WriteString("message", Redaction.Mask(formatter(state, exception)));
                if (eventId.Id != 0) json.WriteNumber("event_id", eventId.Id);
                if (state is IReadOnlyList<KeyValuePair<string, object?>> fields)
                {
                    foreach (var (name, value) in fields)
                        if (name != "{OriginalFormat}") json.WriteString(FieldName(name), Redaction.Mask(value?.ToString() ?? ""));
                }
                if (exception is not null) json.WriteString("error", Redaction.Mask(exception.ToString()));
                json.WriteEndObject();
            }
            lines.Write(Encoding.UTF8.GetString(buffer.WrittenSpan));
        }

        // A field named like what every line has would make readers take one for the other.
        private static string FieldName(string name)
        {
            var field = JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
            return field is "timestamp" or "level" or "logger" or "message" or "event_id" or "error" ? "field_" + field : field;
        }
    }
}
