using System.Buffers;
using TokMesh.Raft.Log;

namespace TokMesh.Raft.Wire;

/// <summary>
/// The wire form of a message: a type byte, then the fields as varints, then entries or data. Sender and receiver are part of
/// it, so that a frame that reaches the wrong node or the wrong group member is recognised.
/// </summary>
public static class MessageCodec
{
    /// <summary>Most entries a message may announce.</summary>
    public const int MaxEntries = 1 << 20;

    private const byte RejectFlag = 0x80;

    /// <summary>Appends a message.</summary>
    public static void Encode(IBufferWriter<byte> output, in Message m, ReadOnlySpan<Entry> entries, ReadOnlySpan<byte> data)
    {
        var span = output.GetSpan(1 + 11 * Varint.MaxBytes);
        var n = 0;
        span[n++] = (byte)((byte)m.Type | (m.Reject ? RejectFlag : 0));
        n += Varint.Write(span[n..], m.From.Value);
        n += Varint.Write(span[n..], m.To.Value);
        n += Varint.Write(span[n..], m.Term.Value);
        n += Varint.Write(span[n..], m.Index.Value);
        n += Varint.Write(span[n..], m.LogTerm.Value);
        n += Varint.Write(span[n..], m.Commit.Value);
        n += Varint.Write(span[n..], m.Hint.Value);
        n += Varint.Write(span[n..], m.Context);
        n += Varint.Write(span[n..], (ulong)m.Offset);
        n += Varint.Write(span[n..], (ulong)m.Total);
        output.Advance(n);
        if (m.Type == MessageType.Append)
        {
            Varint.Write(output, (ulong)entries.Length);
            foreach (var entry in entries)
            {
                Varint.Write(output, entry.Term.Value);
                output.GetSpan(1)[0] = (byte)entry.Type;
                output.Advance(1);
                Varint.WriteBytes(output, entry.Payload.Span);
            }
        }
        else if (m.Type == MessageType.SnapshotChunk) Varint.WriteBytes(output, data);
    }

    /// <summary>Reads one message that fills <paramref name="input"/>.</summary>
    /// <param name="input">The bytes.</param>
    /// <param name="entries">Filled with the entries; payloads are copies, nothing refers to <paramref name="input"/> afterwards.</param>
    /// <param name="data">Bytes of a snapshot chunk, within <paramref name="input"/>.</param>
    /// <exception cref="FormatException">The bytes are not a message of this version.</exception>
    public static Message Decode(ReadOnlySpan<byte> input, List<Entry> entries, out ReadOnlySpan<byte> data)
    {
        entries.Clear();
        data = default;
        if (input.IsEmpty) throw new FormatException("An empty message.");
        var type = (MessageType)(input[0] & ~RejectFlag);
        var reject = (input[0] & RejectFlag) != 0;
        if (type is < MessageType.PreVote or > MessageType.Exclusion)
            throw new FormatException($"Message type {(byte)type} is not known to this version.");
        input = input[1..];
        var m = new Message
        {
            Type = type,
            Reject = reject,
            From = new MemberId(checked((uint)Varint.Read(ref input))),
            To = new MemberId(checked((uint)Varint.Read(ref input))),
            Term = new Term(Varint.Read(ref input)),
            Index = new LogIndex(Varint.Read(ref input)),
            LogTerm = new Term(Varint.Read(ref input)),
            Commit = new LogIndex(Varint.Read(ref input)),
            Hint = new LogIndex(Varint.Read(ref input)),
            Context = Varint.Read(ref input),
            Offset = (long)Varint.Read(ref input),
            Total = (long)Varint.Read(ref input),
        };
        if (type == MessageType.Append) DecodeEntries(ref input, m.Index, entries);
        else if (type == MessageType.SnapshotChunk)
        {
            var length = Varint.Read(ref input);
            if (length > (ulong)input.Length) throw new FormatException($"{length} bytes announced, {input.Length} present.");
            data = input[..(int)length];
            input = input[(int)length..];
        }
        if (!input.IsEmpty) throw new FormatException($"{input.Length} bytes follow a message of type {type}.");
        return m;
    }

    private static void DecodeEntries(ref ReadOnlySpan<byte> input, LogIndex previous, List<Entry> entries)
    {
        var count = Varint.Read(ref input);
        if (count > MaxEntries) throw new FormatException($"A message announces {count} entries; at most {MaxEntries} are possible.");
        for (var i = 1; i <= (int)count; i++)
        {
            var term = new Term(Varint.Read(ref input));
            if (input.IsEmpty) throw new FormatException("The input ends inside an entry.");
            var type = (EntryType)input[0];
            input = input[1..];
            var payload = Varint.ReadBytes(ref input);
            entries.Add(new Entry(previous + i, term, type, payload.IsEmpty ? ReadOnlyMemory<byte>.Empty : payload.ToArray()));
        }
    }
}
