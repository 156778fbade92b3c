using System.Buffers;
using System.Threading.Tasks.Sources;
using TokMesh.Cluster.Calls;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;

namespace TokMesh.Redis.Stages;

/// <summary>How the commands of a stage use sessions.</summary>
internal enum SessionUse : byte
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>They look.</summary>
    Read,

    /// <summary>They look and leave a mark.</summary>
    Touch,

    /// <summary>They change or end them.</summary>
    Write,
}

/// <summary>
/// Commands of one connection that are under way together, and their replies in order. Within a stage no command may see or
/// change what another one changes, except writes to one group, which keep the order of their submission: so the replies are
/// those of executing one command after the other. Used again and again by its connection; awaited by one waiter.
/// </summary>
internal sealed class Stage(int groups, WakeQueue wakes) : ICallOwner, IValueTaskSource
{
    private const int KeptBytes = 64 * 1024;

    private readonly GroupSet _reads = new(groups);
    private readonly GroupSet _writes = new(groups);
    private ArrayBufferWriter<byte> _written = new(256);
    // Continues inline, since the wake queue completes it, never a lane.
    private ManualResetValueTaskSourceCore<bool> _done;
    private PendingReply[] _replies = new PendingReply[16];
    private SessionUse _sessions;
    private int _open = 1;
    private int _returning;
    private int _taken;

    /// <summary>Commands in it.</summary>
    public int Count { get; private set; }

    /// <summary>Whether a call was submitted.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>Replies, in the order of the commands.</summary>
    public Span<PendingReply> Replies => _replies.AsSpan(0, Count);

    /// <summary>The bytes of the next reply of <see cref="ReplyShape.Written"/>.</summary>
    public ReadOnlySpan<byte> TakeWritten(int length)
    {
        var taken = _written.WrittenSpan.Slice(_taken, length);
        _taken += length;
        return taken;
    }

    /// <summary>Whether a group may be read now; if not, end the stage first.</summary>
    public bool MayRead(uint group) => !_writes.Contains(group);

    /// <summary>
    /// Whether a group may be written now. A read that waits for a confirmation of leadership would see the later write.
    /// </summary>
    public bool MayWrite(uint group) => !_reads.Contains(group);

    /// <summary>
    /// Whether a session may be used in that way now. Its names may lie in several groups, which only the shards know: so reads,
    /// touches and changes wait for each other, wherever they go.
    /// </summary>
    public bool MayUse(SessionUse use) => _sessions == SessionUse.None || _sessions == use;

    /// <summary>Notes how sessions are used.</summary>
    public void Use(SessionUse use) => _sessions = use;

    /// <summary>Notes one more command that gives back a value of any length; false when as many are under way as may be.</summary>
    public bool TryReturnValue()
    {
        if (_returning == ReplyBounds.ReturningCommands) return false;
        _returning++;
        return true;
    }

    /// <summary>A place for the reply to a call.</summary>
    public void Add(ReplyShape shape, CommandSpec command, Call call)
    {
        Next() = new PendingReply { Shape = shape, Command = command, Call = call };
        Use(call);
    }

    /// <summary>A place for the reply to a command that asks several shards.</summary>
    public void Add(ReplyShape shape, CommandSpec command, SplitCall split)
    {
        Next() = new PendingReply { Shape = shape, Command = command, Split = split };
        foreach (var call in split.Calls) Use(call);
    }

    /// <summary>Takes a reply that needs no call; give the writer back to <see cref="Add(ref RespWriter)"/>.</summary>
    public RespWriter Write(bool resp3) => new(_written, resp3);

    /// <summary>The reply just written.</summary>
    public void Add(ref RespWriter writer)
    {
        writer.Commit();
        Next() = new PendingReply { Shape = ReplyShape.Written, Length = (int)writer.Committed };
    }

    /// <summary>Completes when every call of the stage has; to be asked for once.</summary>
    public ValueTask WhenAnswered()
    {
        if (Interlocked.Decrement(ref _open) == 0) return ValueTask.CompletedTask;
        return new ValueTask(this, _done.Version);
    }

    /// <summary>Runs what waits for the stage.</summary>
    public void GoOn() => _done.SetResult(true);

    /// <summary>Ready for the next commands.</summary>
    public void Clear()
    {
        _replies.AsSpan(0, Count).Clear();
        Count = 0;
        if (_written.Capacity > KeptBytes) _written = new ArrayBufferWriter<byte>(256);
        else _written.ResetWrittenCount();
        _taken = 0;
        _reads.Clear();
        _writes.Clear();
        _sessions = SessionUse.None;
        HasCalls = false;
        _returning = 0;
        _done.Reset();
        _open = 1;
    }

    void ICallOwner.Completed(Call call)
    {
        if (Interlocked.Decrement(ref _open) == 0) wakes.Post(this);
    }

    void IValueTaskSource.GetResult(short token) => _done.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _done.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _done.OnCompleted(continuation, state, token, flags);

    private void Use(Call call)
    {
        HasCalls = true;
        (call.Kind == CallKind.Write ? _writes : _reads).Add(call.Group);
        // Before the call is submitted: it may end at once.
        Interlocked.Increment(ref _open);
    }

    private ref PendingReply Next()
    {
        if (Count == _replies.Length) Array.Resize(ref _replies, Count * 2);
        return ref _replies[Count++];
    }
}
