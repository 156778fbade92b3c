using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokMesh.Gateway.Requests;

/// <summary>
/// Holds one response until its length is known, so that it leaves with a Content-Length and in one write. Pooled; large ones
/// are let go.
/// </summary>
internal sealed class ReplyBuffer
{
    private const int KeptBytes = 64 << 10;
    private const int KeptBuffers = 256;
    private static readonly ConcurrentQueue<ReplyBuffer> Pool = new();

    private readonly ArrayBufferWriter<byte> _bytes = new(1024);

    private ReplyBuffer() => Json = new Utf8JsonWriter(_bytes, new JsonWriterOptions
    {
        // The answers are application/json, never markup: characters need escaping only where JSON demands it.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    });

    public Utf8JsonWriter Json { get; }

    /// <summary>For answers that are not JSON.</summary>
    public IBufferWriter<byte> Raw => _bytes;

    public ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

    public static ReplyBuffer Rent() => Pool.TryDequeue(out var buffer) ? buffer : new ReplyBuffer();

    public void Clear()
    {
        _bytes.ResetWrittenCount();
        Json.Reset();
    }

    public void Return()
    {
        if (_bytes.Capacity > KeptBytes || Pool.Count >= KeptBuffers) return;
        // Tokens of one answer must not lie around in the next one's memory.
        _bytes.Clear();
        Json.Reset();
        Pool.Enqueue(this);
    }
}
