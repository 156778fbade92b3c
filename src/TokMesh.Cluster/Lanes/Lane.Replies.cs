using System.Buffers;
using System.Buffers.Binary;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Lanes;

// Answers to calls, wherever their callers are.
internal sealed partial class Lane
{
    private static MemberId NodeOf(ulong origin) => new((uint)(origin >> 48));

    public void ReplyToWrite(uint group, ulong origin, ulong seq, ReadOnlySpan<byte> reply)
    {
        if (origin == Origin)
        {
            RouteOf(group).OnWriteReply(seq, reply.ToArray());
            return;
        }
        var node = NodeOf(origin);
        if (node == Self) return;
        var frames = BeginReply(FrameKind.WriteReply, group, node, origin, seq);
        frames.Write(reply);
        frames.End();
    }

    public void ReplyToRead(uint group, MemberId node, ulong origin, ulong id, byte[] reply)
    {
        if (origin == Origin)
        {
            RouteOf(group).OnReadReply(id, reply);
            return;
        }
        var frames = BeginReply(FrameKind.ReadReply, group, node, origin, id);
        frames.Write(reply);
        frames.End();
    }

    public void RefuseWrites(uint group, MemberId node, ulong origin, ulong epoch, Refusal reason, MemberId leader, ulong first)
    {
        if (leader == Self) leader = MemberId.None;
        if (origin == Origin)
        {
            RouteOf(group).OnWritesRefused(epoch, reason, leader, first);
            return;
        }
        var frames = BeginReply(FrameKind.WritesRefused, group, node, origin, epoch);
        WriteRefusal(frames, reason, leader);
        Varint.Write(frames, first);
        frames.End();
    }

    public void RefuseRead(uint group, MemberId node, ulong origin, ulong id, Refusal reason, MemberId leader)
    {
        if (leader == Self) leader = MemberId.None;
        if (origin == Origin)
        {
            RouteOf(group).OnReadRefused(id, reason, leader);
            return;
        }
        var frames = BeginReply(FrameKind.ReadRefused, group, node, origin, id);
        WriteRefusal(frames, reason, leader);
        frames.End();
    }

    private FrameBuffer BeginReply(FrameKind kind, uint group, MemberId node, ulong origin, ulong number)
    {
        var frames = FramesTo(node);
        frames.Begin(kind, group);
        BinaryPrimitives.WriteUInt64LittleEndian(frames.GetSpan(8), origin);
        frames.Advance(8);
        Varint.Write(frames, number);
        return frames;
    }

    private static void WriteRefusal(FrameBuffer frames, Refusal reason, MemberId leader)
    {
        frames.GetSpan(1)[0] = (byte)reason;
        frames.Advance(1);
        Varint.Write(frames, leader.Value);
    }
}
