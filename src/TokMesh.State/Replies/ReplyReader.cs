using System.Text;
using TokMesh.State.Errors;
using TokMesh.State.Names;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Replies;

/// <summary>
/// Reads one reply: look at <see cref="Tag"/>, then call its method once, in the order of the content. Spans point into the
/// reply. Damage, or the wrong method for the tag, is an <see cref="InvalidDataException"/>.
/// </summary>
public ref struct ReplyReader
{
    private WireReader _reader;

    /// <summary>Opens a reply.</summary>
    public ReplyReader(ReadOnlySpan<byte> reply)
    {
        _reader = new WireReader(reply);
        Tag = (ReplyTag)_reader.Byte();
        if (_reader.Failed || Tag is < ReplyTag.Ok or > ReplyTag.Outbox) throw new InvalidDataException("Not a reply.");
    }

    /// <summary>What the reply is.</summary>
    public ReplyTag Tag { get; private set; }

    /// <summary>True for an error.</summary>
    public readonly bool IsError => Tag == ReplyTag.Error;

    /// <summary>The number of an <see cref="ReplyTag.Integer"/>.</summary>
    public long Integer()
    {
        Expect(ReplyTag.Integer);
        return Checked(_reader.Int64());
    }

    /// <summary>The bytes of a <see cref="ReplyTag.Bulk"/>.</summary>
    public ReadOnlySpan<byte> Bulk()
    {
        Expect(ReplyTag.Bulk);
        return CheckedBytes();
    }

    /// <summary>Code and detail of an <see cref="ReplyTag.Error"/>; the detail may be empty.</summary>
    public ErrorCode Error(out string detail)
    {
        Expect(ReplyTag.Error);
        var code = (ErrorCode)_reader.UInt16();
        detail = Encoding.UTF8.GetString(CheckedBytes());
        return code;
    }

    /// <summary>The session of a <see cref="ReplyTag.Session"/>.</summary>
    public SessionView Session()
    {
        Expect(ReplyTag.Session);
        return NextSession();
    }

    /// <summary>Begins a <see cref="ReplyTag.SessionList"/>: call <see cref="NextSession"/> count times.</summary>
    public void SessionList(out long total, out int count)
    {
        Expect(ReplyTag.SessionList);
        total = (long)_reader.Varint();
        count = Checked(_reader.Count());
    }

    /// <summary>The next session of a list.</summary>
    public SessionView NextSession()
    {
        if (!SessionView.TryRead(CheckedBytes(), out var session)) throw new InvalidDataException("The reply's session cannot be read.");
        return session;
    }

    /// <summary>Begins an <see cref="ReplyTag.Array"/>: call <see cref="NextReply"/> count times.</summary>
    public int Array()
    {
        Expect(ReplyTag.Array);
        return Checked(_reader.Count());
    }

    /// <summary>Begins the next reply of an array; read its content before the next.</summary>
    public ReplyTag NextReply() => Tag = (ReplyTag)Checked(_reader.Byte());

    /// <summary>Begins a <see cref="ReplyTag.ScanPage"/>: call <see cref="NextName"/> count times. Cursor 0 is the end.</summary>
    public void ScanPage(out ulong cursor, out int count)
    {
        Expect(ReplyTag.ScanPage);
        cursor = _reader.Varint();
        count = Checked(_reader.Count());
    }

    /// <summary>The next name of a scan page.</summary>
    public ReadOnlySpan<byte> NextName() => CheckedBytes();

    /// <summary>A value with its version, and its expiry in Unix milliseconds (0: none).</summary>
    public ReadOnlySpan<byte> Versioned(out ulong version, out long expiresAtMs)
    {
        Expect(ReplyTag.Versioned);
        version = _reader.UInt64();
        expiresAtMs = _reader.Int64();
        return CheckedBytes();
    }

    /// <summary>The pointer of a <see cref="ReplyTag.NamePointer"/>.</summary>
    public NamePointer NamePointer()
    {
        Expect(ReplyTag.NamePointer);
        return NextPointer();
    }

    /// <summary>Begins a <see cref="ReplyTag.NamePointerList"/>: call <see cref="NextPointer"/> count times.</summary>
    public int NamePointerList()
    {
        Expect(ReplyTag.NamePointerList);
        return Checked(_reader.Count());
    }

    /// <summary>The next pointer of a list.</summary>
    public NamePointer NextPointer() => Checked(Names.NamePointer.Read(ref _reader));

    /// <summary>The answer of a <see cref="ReplyTag.Resolution"/>.</summary>
    public Resolution Resolution()
    {
        Expect(ReplyTag.Resolution);
        return (Resolution)Checked(_reader.Byte());
    }

    /// <summary>Begins a <see cref="ReplyTag.Outbox"/>: call <see cref="NextOutboxItem"/> count times.</summary>
    public int Outbox()
    {
        Expect(ReplyTag.Outbox);
        return Checked(_reader.Count());
    }

    /// <summary>The next outbox item.</summary>
    public OutboxItem NextOutboxItem() => Checked(OutboxItem.Read(ref _reader));

    private readonly void Expect(ReplyTag tag)
    {
        if (Tag != tag) throw new InvalidDataException($"The reply is {Tag}, not {tag}.");
    }

    private readonly T Checked<T>(T value)
        => _reader.Failed ? throw new InvalidDataException($"The {Tag} reply ends early.") : value;

    private ReadOnlySpan<byte> CheckedBytes()
    {
        var bytes = _reader.Bytes();
        Checked(0);
        return bytes;
    }
}
