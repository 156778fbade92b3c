using System.Buffers;
using TokMesh.Cluster.Transport;

namespace TokMesh.Cluster.Tests;

public sealed class FrameBufferTests
{
    [Fact]
    public void Frames_read_back_in_order_as_they_were_written()
    {
        var random = new Random(1);
        var written = new List<(FrameKind Kind, uint Group, byte[] Body)>();
        using var buffer = FrameBuffer.Rent();
        for (var i = 0; i < 200; i++)
        {
            var body = new byte[random.Next(3) == 0 ? random.Next(20_000) : random.Next(4)];
            random.NextBytes(body);
            var frame = ((FrameKind)random.Next(1, 8), i == 0 ? uint.MaxValue : (uint)random.Next(400), body);
            buffer.Begin(frame.Item1, frame.Item2);
            buffer.Write(body);
            buffer.End();
            written.Add(frame);
        }
        var rest = buffer.Written;
        using var copied = FrameBuffer.Rent();
        foreach (var (kind, group, body) in written)
        {
            Assert.True(FrameBuffer.TryRead(ref rest, out var readKind, out var readGroup, out var readBody, out var whole));
            Assert.Equal((kind, group), (readKind, readGroup));
            Assert.Equal(body, readBody);
            copied.Write(whole);
        }
        Assert.False(FrameBuffer.TryRead(ref rest, out _, out _, out _, out _));
        Assert.Equal(buffer.Written, copied.Written);
    }

    [Fact]
    public void A_rented_buffer_is_empty_whoever_had_it_before()
    {
        var first = FrameBuffer.Rent();
        first.Write(new byte[100]);
        first.Dispose();
        using var second = FrameBuffer.Rent();
        Assert.Equal(0, second.Length);
    }

    [Fact]
    public void Cut_frames_are_refused_and_never_read_past_their_end()
    {
        using var buffer = FrameBuffer.Rent();
        buffer.Begin(FrameKind.Raft, 300);
        buffer.Write(new byte[50]);
        buffer.End();
        for (var length = 1; length < buffer.Length; length++)
        {
            var cut = buffer.Written[..length].ToArray();
            Assert.Throws<FormatException>(() => ReadAll(cut));
        }
    }

    [Fact]
    public void Garbage_is_refused_as_malformed_and_as_nothing_else()
    {
        var random = new Random(2);
        using var good = FrameBuffer.Rent();
        for (var i = 0; i < 5; i++)
        {
            good.Begin(FrameKind.Writes, (uint)(i * 100));
            good.Write(new byte[i * 7]);
            good.End();
        }
        for (var run = 0; run < 50_000; run++)
        {
            byte[] bytes;
            if (run % 2 == 0)
            {
                bytes = new byte[random.Next(40)];
                random.NextBytes(bytes);
                // Plausible lengths, or hardly any input gets past the first check.
                if (bytes.Length > 4) (bytes[0], bytes[1], bytes[2], bytes[3]) = ((byte)random.Next(bytes.Length), 0, 0, 0);
            }
            else
            {
                bytes = good.Written.ToArray();
                for (var flips = random.Next(1, 4); flips > 0; flips--) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            }
            try
            {
                ReadAll(bytes);
            }
            catch (FormatException)
            {
                // Garbage is told from frames.
            }
        }
    }

    [Fact]
    public void A_group_number_beyond_32_bits_is_malformed() =>
        Assert.Throws<FormatException>(() => ReadAll([7, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]));

    private static void ReadAll(ReadOnlySpan<byte> frames)
    {
        while (FrameBuffer.TryRead(ref frames, out _, out _, out _, out _))
        {
        }
    }
}
