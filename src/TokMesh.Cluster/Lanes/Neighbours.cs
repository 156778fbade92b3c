using System.Buffers;
using System.Buffers.Binary;
using TokMesh.Raft;

namespace TokMesh.Cluster;

/// <summary>
/// A lane's heartbeats: those of all its groups for one node travel in one frame, which leaves on every beat even with nothing in
/// it. So every node hears that the others live, and since which start, at a cost that does not grow with the number of groups;
/// groups that are silent rely on that instead of heartbeats of their own.
/// </summary>
internal sealed class Neighbours(Lane lane, RaftOptions options, ulong boot)
{
    private readonly SortedDictionary<uint, Neighbour> _nodes = [];
    private readonly ArrayBufferWriter<byte> _message = new(128);

    /// <summary>When the next beat is due; monotonic milliseconds.</summary>
    public long NextBeatMs { get; private set; }

    /// <summary>Takes a heartbeat, or the answer to one, along in this turn's frame.</summary>
    public void Add(uint group, in Message message)
    {
        var waiting = Of(message.To).Waiting;
        _message.ResetWrittenCount();
        MessageCodec.Encode(_message, message, [], []);
        Varint.Write(waiting, group);
        Varint.WriteBytes(waiting, _message.WrittenSpan);
    }

    /// <summary>
    /// Sends what this turn has gathered, and the beat if it is due; before anything else of the turn, since what is large would hold
    /// it up until the others took this node for lost.
    /// </summary>
    public void Send()
    {
        foreach (var (node, neighbour) in _nodes)
        {
            if (!neighbour.BeatDue && neighbour.Waiting.WrittenCount == 0) continue;
            neighbour.BeatDue = false;
            var frames = FrameBuffer.Rent();
            frames.Begin(FrameKind.Heartbeats, 0);
            BinaryPrimitives.WriteUInt64LittleEndian(frames.GetSpan(8), boot);
            frames.Advance(8);
            frames.Write(neighbour.Waiting.WrittenSpan);
            frames.End();
            neighbour.Waiting.ResetWrittenCount();
            lane.Node.Transport.Send(new MemberId(node), frames);
        }
    }

    public void Tick(long now)
    {
        if (now < NextBeatMs) return;
        NextBeatMs = (now / options.HeartbeatMs + 1) * options.HeartbeatMs;
        foreach (var (node, neighbour) in _nodes)
        {
            neighbour.BeatDue = lane.IsLinked(new MemberId(node));
            if (neighbour.IsLost || now - neighbour.HeardAt < options.ElectionTimeoutMs) continue;
            neighbour.IsLost = true;
            Lost(new MemberId(node));
        }
    }

    /// <summary>Whether a node has given a sign of life within an election timeout.</summary>
    public bool Hears(MemberId node) => _nodes.TryGetValue(node.Value, out var neighbour) && !neighbour.IsLost;

    /// <summary>A heartbeat frame of a node that was started with this number.</summary>
    public void Heard(MemberId node, ulong itsBoot)
    {
        var neighbour = Of(node);
        neighbour.HeardAt = lane.NowMs;
        neighbour.IsLost = false;
        if (neighbour.Boot == itsBoot) return;
        // It has forgotten that it led, and its followers that they were silent.
        neighbour.Boot = itsBoot;
        Lost(node);
        foreach (var replica in lane.Replicas)
            if (replica.Raft.IsQuiescent && replica.Raft.Configuration.Contains(node)) lane.WakeUp(replica);
    }

    /// <summary>A link came up or went down.</summary>
    public void Linked(MemberId node, bool up)
    {
        Of(node).BeatDue = up;
        if (!up) Lost(node);
    }

    private void Lost(MemberId node)
    {
        foreach (var replica in lane.Replicas)
        {
            if (replica.Leader != node) continue;
            replica.Raft.LeaderLost(lane.NowMs);
            lane.HasWork(replica);
        }
    }

    private Neighbour Of(MemberId node)
    {
        if (!_nodes.TryGetValue(node.Value, out var neighbour)) _nodes[node.Value] = neighbour = new Neighbour { HeardAt = lane.NowMs };
        return neighbour;
    }

    private sealed class Neighbour
    {
        /// <summary>When it last gave a sign, in this node's milliseconds.</summary>
        public long HeardAt { get; set; }

        /// <summary>Drawn anew at each of its starts; zero while unknown.</summary>
        public ulong Boot { get; set; }

        public bool IsLost { get; set; }

        public bool BeatDue { get; set; }

        public ArrayBufferWriter<byte> Waiting { get; } = new(256);
    }
}
