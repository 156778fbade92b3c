using System.Buffers;
using System.Text;

namespace TokMesh.State;

/// <summary>Writes replies.</summary>
internal static class ReplyWriter
{
    public static void Ok(IBufferWriter<byte> output) => output.WriteByte((byte)ReplyTag.Ok);

    public static void Nil(IBufferWriter<byte> output) => output.WriteByte((byte)ReplyTag.Nil);

    public static void Integer(IBufferWriter<byte> output, long value)
    {
        output.WriteByte((byte)ReplyTag.Integer);
        output.WriteInt64(value);
    }

    public static void Bulk(IBufferWriter<byte> output, ReadOnlySpan<byte> value)
    {
        output.WriteByte((byte)ReplyTag.Bulk);
        output.WriteBytes(value);
    }

    /// <summary>Without a detail the doors say the code's default message.</summary>
    public static void Error(IBufferWriter<byte> output, ErrorCode code, string detail = "")
    {
        output.WriteByte((byte)ReplyTag.Error);
        output.WriteUInt16((ushort)code);
        output.WriteBytes(Encoding.UTF8.GetBytes(detail));
    }

    public static void Versioned(IBufferWriter<byte> output, ulong version, long expiresAt, ReadOnlySpan<byte> value)
    {
        output.WriteByte((byte)ReplyTag.Versioned);
        output.WriteUInt64(version);
        output.WriteInt64(expiresAt);
        output.WriteBytes(value);
    }

    public static void ArrayHead(IBufferWriter<byte> output, int count)
    {
        output.WriteByte((byte)ReplyTag.Array);
        output.WriteVarint((ulong)count);
    }

    public static void ListHead(IBufferWriter<byte> output, ReplyTag tag, int count)
    {
        output.WriteByte((byte)tag);
        output.WriteVarint((ulong)count);
    }

    public static void Pointer(IBufferWriter<byte> output, NamePointer pointer)
    {
        output.WriteByte((byte)ReplyTag.NamePointer);
        pointer.Write(output);
    }

    public static void Resolution(IBufferWriter<byte> output, Resolution resolution)
    {
        output.WriteByte((byte)ReplyTag.Resolution);
        output.WriteByte((byte)resolution);
    }
}
