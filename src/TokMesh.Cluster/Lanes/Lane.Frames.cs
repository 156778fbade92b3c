using System.Buffers.Binary;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;
using TokMesh.Raft.Wire;

namespace TokMesh.Cluster.Lanes;

// What nodes send each other: Raft messages, calls for groups led here, answers to calls of this node's routes.
internal sealed partial class Lane
{
    private const long MaxWaitingLogBytes = 64L << 20;

    private readonly List<Entry> _entries = [];

    public void Send(uint group, in Message message, ReadOnlySpan<Entry> entries, ReadOnlySpan<byte> data)
    {
        if (message.Type is MessageType.Heartbeat or MessageType.HeartbeatReply)
        {
            Heartbeats.Add(group, message);
            return;
        }
        var frames = FramesTo(message.To);
        frames.Begin(FrameKind.Raft, group);
        MessageCodec.Encode(frames, message, entries, data);
        frames.End();
    }

    private void Receive(MemberId from, ReadOnlySpan<byte> frames)
    {
        try
        {
            while (FrameBuffer.TryRead(ref frames, out var kind, out var group, out var body, out _))
                Receive(from, kind, group, body);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            _node.Watch.BadFrame(from, e.Message);
        }
    }

    private void Receive(MemberId from, FrameKind kind, uint group, ReadOnlySpan<byte> body)
    {
        switch (kind)
        {
            case FrameKind.Raft:
                ReceiveRaft(from, group, body);
                break;
            case FrameKind.Position:
                _node.Peers.Told(from, Varint.Read(ref body));
                break;
            case FrameKind.Heartbeats:
                ReceiveHeartbeats(from, body);
                break;
            case FrameKind.Health:
                _node.Health.Received(from, body, NowMs);
                break;
            case FrameKind.Writes:
                ReceiveWrites(from, group, body);
                break;
            case FrameKind.Read:
                ReceiveRead(from, group, body);
                break;
            case FrameKind.WriteReply when IsMine(ref body):
                var seq = Varint.Read(ref body);
                RouteOf(group).OnWriteReply(seq, body.ToArray());
                break;
            case FrameKind.ReadReply when IsMine(ref body):
                var id = Varint.Read(ref body);
                RouteOf(group).OnReadReply(id, body.ToArray());
                break;
            case FrameKind.WritesRefused when IsMine(ref body):
                var epoch = Varint.Read(ref body);
                var (reason, leader) = ReadRefusal(ref body);
                RouteOf(group).OnWritesRefused(epoch, reason, leader, Varint.Read(ref body));
                break;
            case FrameKind.ReadRefused when IsMine(ref body):
                var refused = Varint.Read(ref body);
                (reason, leader) = ReadRefusal(ref body);
                RouteOf(group).OnReadRefused(refused, reason, leader);
                break;
            case FrameKind.WriteReply or FrameKind.ReadReply or FrameKind.WritesRefused or FrameKind.ReadRefused:
                break; // For this node's routers of an earlier boot.
            default:
                throw new FormatException($"Frame kind {(byte)kind} is not known to this version.");
        }
    }

    private void ReceiveRaft(MemberId from, uint group, ReadOnlySpan<byte> body)
    {
        var message = MessageCodec.Decode(body, _entries, out var data);
        if (message.From != from) throw new FormatException($"A message of member {message.From} came from node {from}.");
        if (ReplicaOf(group) is not { } replica)
        {
            // A leader that counts this node among its group's members has made it one.
            if (message.To != Self || message.Type is not (MessageType.Append or MessageType.Heartbeat or MessageType.SnapshotChunk)) return;
            if (_node.AddReplica(this, group) is not { } added) return;
            replica = added;
        }
        // What a disk that hangs is to take on does not grow without bound: beyond it appends are lost, as on the network.
        if (message.Type == MessageType.Append && _entries.Count > 0 && _node.Disk.WaitingBytes > MaxWaitingLogBytes) return;
        _node.Trace?.Received(replica, message, _entries, data);
        replica.Raft.Step(message, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_entries), data, NowMs);
        _node.Trace?.Stepped(replica);
        HasWork(replica);
    }

    private void ReceiveHeartbeats(MemberId from, ReadOnlySpan<byte> body)
    {
        if (body.Length < HeartbeatCoalescer.HeadBytes) throw new FormatException("A heartbeat ends inside its head.");
        Heartbeats.Heard(from, body[..HeartbeatCoalescer.HeadBytes]);
        body = body[HeartbeatCoalescer.HeadBytes..];
        while (!body.IsEmpty)
        {
            var group = Varint.Read(ref body);
            var message = Varint.ReadBytes(ref body);
            // The frame reaches every lane; each takes what is its own.
            if (group < (uint)_node.GroupCount && _node.LaneOf((uint)group) == Number) ReceiveRaft(from, (uint)group, message);
        }
    }

    private void ReceiveWrites(MemberId from, uint group, ReadOnlySpan<byte> body)
    {
        var epoch = Varint.Read(ref body);
        var number = Varint.Read(ref body);
        if (body.Length < 8) throw new FormatException("A write ends inside its origin.");
        var origin = BinaryPrimitives.ReadUInt64LittleEndian(body);
        var head = body[8..];
        Varint.Read(ref head);
        var first = Varint.Read(ref head);
        var replica = ReplicaOf(group);
        var refusal = replica is null ? Refusal.NotLeader : replica.Accept(from, origin, epoch, number, first, body);
        if (refusal == Refusal.NotLeader && replica is not null) WakeUp(replica);
        if (refusal is { } reason) RefuseWrites(group, from, origin, epoch, reason, replica?.Leader ?? MemberId.None, first);
    }

    private void ReceiveRead(MemberId from, uint group, ReadOnlySpan<byte> body)
    {
        if (body.Length < 8) throw new FormatException("A read ends inside its origin.");
        var origin = BinaryPrimitives.ReadUInt64LittleEndian(body);
        body = body[8..];
        var id = Varint.Read(ref body);
        if (body.IsEmpty) throw new FormatException("A read ends before its kind.");
        var kind = (CallKind)body[0];
        body = body[1..];
        var consistency = Consistency.FromWire(Varint.Read(ref body));
        var query = body.ToArray();
        if (ReplicaOf(group) is not { } replica)
        {
            RefuseRead(group, from, origin, id, Refusal.NotLeader, MemberId.None);
            return;
        }
        if (kind == CallKind.Read && replica.TryReadFor(from, origin, id, consistency, query)) return;
        if (replica.Read(from, origin, id, kind, query)) return;
        WakeUp(replica);
        RefuseRead(group, from, origin, id, Refusal.NotLeader, replica.Leader);
    }

    private bool IsMine(ref ReadOnlySpan<byte> body)
    {
        if (body.Length < 8) throw new FormatException("An answer ends inside its origin.");
        var origin = BinaryPrimitives.ReadUInt64LittleEndian(body);
        body = body[8..];
        return origin == Origin;
    }

    private static (Refusal Reason, MemberId Leader) ReadRefusal(ref ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty) throw new FormatException("A refusal ends before its reason.");
        var reason = (Refusal)body[0];
        body = body[1..];
        return (reason, new MemberId((uint)Varint.Read(ref body)));
    }
}
