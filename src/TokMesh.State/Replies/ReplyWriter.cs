using System.Buffers;
using System.Text;
using TokMesh.State.Errors;
using TokMesh.State.Names;
using TokMesh.State.Wire;

namespace TokMesh.State.Replies;

/// <summary>Writes replies.</summary>
public static class ReplyWriter
{
    /// <summary>Done.</summary>
    public static void Ok(IBufferWriter<byte> output) => output.WriteByte((byte)ReplyTag.Ok);

    /// <summary>Nothing there.</summary>
    public static void Nil(IBufferWriter<byte> output) => output.WriteByte((byte)ReplyTag.Nil);

    /// <summary>A number.</summary>
    public static void Integer(IBufferWriter<byte> output, long value)
    {
        output.WriteByte((byte)ReplyTag.Integer);
        output.WriteInt64(value);
    }

    /// <summary>Bytes.</summary>
    public static void Bulk(IBufferWriter<byte> output, ReadOnlySpan<byte> value)
    {
        output.WriteByte((byte)ReplyTag.Bulk);
        output.WriteBytes(value);
    }

    /// <summary>Without a detail the front ends say the code's default message.</summary>
    public static void Error(IBufferWriter<byte> output, ErrorCode code, string detail = "")
    {
        output.WriteByte((byte)ReplyTag.Error);
        output.WriteUInt16((ushort)code);
        output.WriteBytes(Encoding.UTF8.GetBytes(detail));
    }

    /// <summary>A value with its version, and its expiry in Unix milliseconds (0: none).</summary>
    public static void Versioned(IBufferWriter<byte> output, ulong version, long expiresAt, ReadOnlySpan<byte> value)
    {
        output.WriteByte((byte)ReplyTag.Versioned);
        output.WriteUInt64(version);
        output.WriteInt64(expiresAt);
        output.WriteBytes(value);
    }

    internal static void ArrayHead(IBufferWriter<byte> output, int count)
    {
        output.WriteByte((byte)ReplyTag.Array);
        output.WriteVarint((ulong)count);
    }

    internal static void ListHead(IBufferWriter<byte> output, ReplyTag tag, int count)
    {
        output.WriteByte((byte)tag);
        output.WriteVarint((ulong)count);
    }

    internal static void Pointer(IBufferWriter<byte> output, NamePointer pointer)
    {
        output.WriteByte((byte)ReplyTag.NamePointer);
        pointer.Write(output);
    }

    internal static void Resolution(IBufferWriter<byte> output, Resolution resolution)
    {
        output.WriteByte((byte)ReplyTag.Resolution);
        output.WriteByte((byte)resolution);
    }

    /// <summary>A count; with names that are held by pointers, an array of the count and the pointers.</summary>
    internal static void CountAndPointers(IBufferWriter<byte> output, long count, List<NamePointer>? pointers)
    {
        if (pointers is not null) ArrayHead(output, 1 + pointers.Count);
        Integer(output, count);
        if (pointers is null) return;
        foreach (var pointer in pointers) Pointer(output, pointer);
    }
}
