using System.Buffers;
using TokMesh.Cluster.Calls;
using TokMesh.State;
using TokMesh.State.Names;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// The tasks of the pointer protocol (<see cref="NamePointer"/>) that a shard's leader runs: names to confirm or release in other
/// shards, and reservations of its own that were never confirmed. One task at a time; each is idempotent, so a leader that
/// dies on the way costs only that its successor does it again.
/// </summary>
internal sealed class NameMaintenance(Lane lane, uint group) : ICallOwner
{
    private const int TaskDeadlineMs = 5_000;
    private const int PauseMs = 500;

    private readonly ArrayBufferWriter<byte> _buffer = new(256);
    private Action<Call>? _next;
    private long _pausedUntil;

    public void Tick(ShardState shard)
    {
        if (_next is not null || lane.NowMs < _pausedUntil) return;
        if (shard.OutboxCount > 0) BeginOutbox(shard);
        else if (shard.NameCount > 0) BeginUnconfirmed(shard);
    }

    public void Completed(Call call)
    {
        // Completed is called by the lane of the call's group; go on in this one's. The task stays open until then: were it closed
        // over there, a tick here could begin another, and one would get the other's answer.
        if (lane.Node.LaneOf(call.Group) == lane.Number) Continue(call);
        else lane.Post(new LaneItem.Run(_ => Continue(call)));
    }

    private void Continue(Call call)
    {
        var next = _next;
        _next = null;
        next?.Invoke(call);
    }

    private void BeginOutbox(ShardState shard)
    {
        var reader = Ask(shard, static b => QueryForms.Outbox(b, 1));
        if (reader.Outbox() == 0) return;
        var item = reader.NextOutboxItem();
        Send(lane.Node.GroupOf(item.Name, item.Reservation), b =>
        {
            if (item.Action == OutboxAction.Confirm) NameOps.Confirm(b, item.Name, item.Reservation);
            else NameOps.Release(b, item.Name, item.Reservation);
        }, call =>
        {
            if (call.Outcome == CallOutcome.Answered) Send(group, b => NameOps.OutboxDone(b, item.Id), static _ => { });
            else Pause();
        });
    }

    private void BeginUnconfirmed(ShardState shard)
    {
        // Cheap enough to look at now and then; a reservation left behind blocks only its own name.
        Pause();
        var reader = Ask(shard, static b => QueryForms.UnconfirmedNames(b, 1));
        if (reader.NamePointerList() == 0) return;
        var pointer = reader.NextPointer();
        Send(lane.Node.GroupOfUser(pointer.UserId.Span), b => NameOps.Resolve(b, pointer), call =>
        {
            if (call.Outcome != CallOutcome.Answered) return;
            var resolution = new ReplyReader(call.Reply.Span).Resolution();
            if (resolution == Resolution.TooEarly) return;
            Send(group, b =>
            {
                if (resolution == Resolution.Live) NameOps.Confirm(b, pointer.Name, pointer.Reservation);
                else NameOps.Release(b, pointer.Name, pointer.Reservation);
            }, static _ => { });
        });
    }

    private void Pause() => _pausedUntil = lane.NowMs + PauseMs;

    private ReplyReader Ask(ShardState shard, Action<IBufferWriter<byte>> query)
    {
        var asked = new ArrayBufferWriter<byte>();
        query(asked);
        _buffer.ResetWrittenCount();
        shard.Query(asked.WrittenSpan, lane.Wall.WallMs, _buffer);
        return new ReplyReader(_buffer.WrittenSpan);
    }

    private void Send(uint to, Action<IBufferWriter<byte>> operation, Action<Call> next)
    {
        var body = new ArrayBufferWriter<byte>();
        operation(body);
        _next = next;
        lane.Submit(new Call
        {
            Group = to,
            Kind = CallKind.Write,
            Body = body.WrittenMemory,
            DeadlineMs = lane.NowMs + TaskDeadlineMs,
            Owner = this,
        });
    }
}
