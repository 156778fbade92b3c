using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Security.Cryptography;
using TokMesh.Cluster.Joining;

namespace TokMesh.Orleans.Links;

/// <summary>What a message on a connection between nodes is. On the wire: numbers may only grow.</summary>
internal enum WireKind : byte
{
    Hello = 1,
    Frames = 2,
    Ping = 3,
    Pong = 4,
}

/// <summary>Messages on a connection: <c>length:u32 LE | kind:u8 | body</c>, the length counting kind and body.</summary>
internal static class Wire
{
    public const int MaxMessageBytes = 256 << 20;

    /// <summary>Until the other side is known, nothing large is read from it.</summary>
    public const int MaxHelloBytes = 1 << 20;

    public static void Write(IBufferWriter<byte> output, WireKind kind, ReadOnlySpan<byte> body)
    {
        var head = output.GetSpan(5);
        BinaryPrimitives.WriteUInt32LittleEndian(head, (uint)body.Length + 1);
        head[4] = (byte)kind;
        output.Advance(5);
        output.Write(body);
    }

    /// <summary>The first message of the buffer; false when it is not all there yet.</summary>
    /// <exception cref="FormatException">A length out of range.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, int maxBytes, out WireKind kind, out ReadOnlySequence<byte> body)
    {
        (kind, body) = (default, default);
        if (buffer.Length < 5) return false;
        Span<byte> head = stackalloc byte[5];
        buffer.Slice(0, 5).CopyTo(head);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(head);
        if (length == 0 || length > maxBytes) throw new FormatException($"A message of {length} bytes was announced; allowed are 1 to {maxBytes}.");
        if (buffer.Length < 4 + (long)length) return false;
        kind = (WireKind)head[4];
        body = buffer.Slice(5, length - 1);
        buffer = buffer.Slice(4 + (long)length);
        return true;
    }

    /// <summary>Writes a hello, with what proves that the end which has proved itself says it: <c>HMAC-SHA256(connection's key, side json):32 | json</c>.</summary>
    public static void WriteHello(IBufferWriter<byte> output, Hello hello, byte[] key, Side side)
    {
        var json = hello.ToJson();
        Write(output, WireKind.Hello, [.. MacOf(key, side, json), .. json]);
    }

    /// <summary>Reads the hello that must come first.</summary>
    /// <exception cref="FormatException">Something else came, or it is not from the other end.</exception>
    /// <exception cref="EndOfStreamException">The connection ended.</exception>
    public static async ValueTask<Hello> ReadHelloAsync(PipeReader input, byte[] key, Side side, CancellationToken cancel)
    {
        while (true)
        {
            var read = await input.ReadAsync(cancel);
            var buffer = read.Buffer;
            if (TryRead(ref buffer, MaxHelloBytes, out var kind, out var body))
            {
                if (kind != WireKind.Hello) throw new FormatException($"A hello was expected; message kind {(byte)kind} came.");
                var hello = Parse(body.ToArray());
                input.AdvanceTo(buffer.Start);
                return hello;
            }
            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted) throw new EndOfStreamException("The connection ended before a hello.");
        }

        Hello Parse(ReadOnlySpan<byte> body)
        {
            var json = body.Length < HMACSHA256.HashSizeInBytes ? [] : body[HMACSHA256.HashSizeInBytes..];
            if (json.IsEmpty || !CryptographicOperations.FixedTimeEquals(body[..HMACSHA256.HashSizeInBytes], MacOf(key, side, json)))
                throw new FormatException("A hello came that the other end has not said.");
            try
            {
                return Hello.FromJson(json);
            }
            catch (System.Text.Json.JsonException e)
            {
                throw new FormatException("A hello could not be read.", e);
            }
        }
    }

    private static byte[] MacOf(byte[] key, Side side, ReadOnlySpan<byte> json)
    {
        byte[] said = [(byte)side, .. json];
        return HMACSHA256.HashData(key, said);
    }
}

/// <summary>Which end of a connection speaks.</summary>
internal enum Side : byte
{
    Dialler = 1,
    Acceptor = 2,
}
