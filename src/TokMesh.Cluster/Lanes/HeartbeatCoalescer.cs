using System.Buffers;
using System.Buffers.Binary;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Wire;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// A lane's heartbeats: those of all its groups for one node travel in one frame, which leaves on every beat even with nothing in
/// it. So every node hears that the others live, and since which start, at a cost that does not grow with the number of groups;
/// groups that are quiescent rely on that instead of heartbeats of their own.
/// </summary>
internal sealed class HeartbeatCoalescer(Lane lane, RaftOptions options, NodeStart start)
{
    /// <summary>
    /// What every heartbeat frame begins with: the nonce of the sender's start, how far its log is durable (u64 each), and a byte of flags,
    /// in whose upper six bits is how often the sender's link to the receiver has come up.
    /// </summary>
    public const int HeadBytes = 17;

    private const byte MayNotLeadFlag = 1, LeavesFlag = 2;
    private const int LinkedShift = 2, LinkedMask = 63;

    private readonly SortedDictionary<uint, Peer> _nodes = [];
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
        foreach (var (node, peer) in _nodes)
        {
            if (!peer.BeatDue && peer.Waiting.WrittenCount == 0) continue;
            peer.BeatDue = false;
            var frames = FrameBuffer.Rent();
            frames.Begin(FrameKind.Heartbeats, 0);
            var head = frames.GetSpan(HeadBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(head, start.Nonce);
            BinaryPrimitives.WriteUInt64LittleEndian(head[8..], lane.Node.Log.Sequence);
            head[16] = (byte)((lane.Node.MayLead ? 0 : MayNotLeadFlag) | (lane.Node.Departure.IsLeaving ? LeavesFlag : 0) | (peer.Linked & LinkedMask) << LinkedShift);
            frames.Advance(HeadBytes);
            frames.Write(peer.Waiting.WrittenSpan);
            frames.End();
            peer.Waiting.ResetWrittenCount();
            lane.Node.Transport.Send(new MemberId(node), frames);
        }
    }

    /// <summary>
    /// Says first, in what this turn sends to a node, how far the log is durable, unless that has been said: whatever this node promises
    /// rests on no more than that.
    /// </summary>
    public void TellPosition(MemberId node, FrameBuffer frames)
    {
        var peer = Of(node);
        var position = lane.Node.Log.Sequence;
        if (peer.ToldPosition == position) return;
        peer.ToldPosition = position;
        frames.Begin(FrameKind.Position, 0);
        Varint.Write(frames, position);
        frames.End();
    }

    /// <summary>Says at once how this node is, rather than with the next beat.</summary>
    public void Tell()
    {
        foreach (var (node, peer) in _nodes) peer.BeatDue = lane.IsLinked(new MemberId(node));
    }

    public void Tick(long now)
    {
        if (now < NextBeatMs) return;
        NextBeatMs = (now / options.HeartbeatMs + 1) * options.HeartbeatMs;
        Tell();
        foreach (var (node, peer) in _nodes)
        {
            if (peer.IsLost || now - peer.HeardAt < options.ElectionTimeoutMs) continue;
            peer.IsLost = true;
            Lost(new MemberId(node));
        }
    }

    /// <summary>Whether there is a link to a node, and it has given a sign of life within an election timeout.</summary>
    public bool Hears(MemberId node) => lane.IsLinked(node) && _nodes.TryGetValue(node.Value, out var peer) && !peer.IsLost;

    /// <summary>Whether this node hears a majority of those who decide in a group, of both halves of a joint membership; itself it hears.</summary>
    public bool HearsMajorityOf(Configuration configuration) =>
        HearsMajorityOf(configuration.Voters) && (!configuration.IsJoint || HearsMajorityOf(configuration.VotersOutgoing));

    /// <summary>Whether a node says that its disk and clock can be trusted with leading.</summary>
    public bool MayLead(MemberId node) => !_nodes.TryGetValue(node.Value, out var peer) || peer.MayLead;

    /// <summary>Whether a node says that it is about to stop.</summary>
    public bool Leaves(MemberId node) => _nodes.TryGetValue(node.Value, out var peer) && peer.Leaves;

    /// <summary>The head of a heartbeat frame of a node.</summary>
    public void Heard(MemberId node, ReadOnlySpan<byte> head)
    {
        var itsBoot = BinaryPrimitives.ReadUInt64LittleEndian(head);
        if (lane.Number == 0) lane.Node.Peers.Told(node, BinaryPrimitives.ReadUInt64LittleEndian(head[8..]));
        var peer = Of(node);
        peer.HeardAt = lane.NowMs;
        peer.IsLost = false;
        peer.MayLead = (head[16] & MayNotLeadFlag) == 0;
        peer.Leaves = (head[16] & LeavesFlag) != 0;
        if (peer.ItsLinked != head[16] >> LinkedShift)
        {
            // What it answered before went the way that is no more, or went nowhere.
            peer.ItsLinked = head[16] >> LinkedShift;
            lane.AnswersLost(node);
        }
        if (peer.Boot == itsBoot) return;
        // It has forgotten that it led, and its followers that they were quiescent.
        peer.Boot = itsBoot;
        Lost(node);
        foreach (var replica in lane.Replicas)
            if (replica.Raft.IsQuiescent && replica.Raft.Configuration.Contains(node)) lane.WakeUp(replica);
    }

    /// <summary>A link came up or went down.</summary>
    public void Linked(MemberId node, bool up)
    {
        var peer = Of(node);
        peer.BeatDue = up;
        if (up) peer.Linked++;
        // What was under way may be lost.
        peer.ToldPosition = 0;
        if (!up) Lost(node);
    }

    private void Lost(MemberId node)
    {
        foreach (var replica in lane.Replicas)
        {
            if (replica.Leader == node)
            {
                replica.Raft.LeaderLost(lane.NowMs);
                lane.HasWork(replica);
            }
            // The others may elect one of themselves, and even leave this node out: awake, it notices that nobody follows it.
            else if (replica.Raft is { Role: Role.Leader, IsQuiescent: true } raft && !HearsMajorityOf(raft.Configuration)) lane.WakeUp(replica);
        }
    }

    private bool HearsMajorityOf(IReadOnlyList<MemberId> voters)
    {
        var heard = 0;
        for (var i = 0; i < voters.Count; i++) if (voters[i] == lane.Self || Hears(voters[i])) heard++;
        return heard > voters.Count / 2;
    }

    private Peer Of(MemberId node)
    {
        if (!_nodes.TryGetValue(node.Value, out var peer)) _nodes[node.Value] = peer = new Peer { HeardAt = lane.NowMs };
        return peer;
    }

    private sealed class Peer
    {
        /// <summary>When it last gave a sign, in this node's milliseconds.</summary>
        public long HeardAt { get; set; }

        /// <summary>Drawn anew at each of its starts; zero while unknown.</summary>
        public ulong Boot { get; set; }

        public bool IsLost { get; set; }

        public bool MayLead { get; set; } = true;

        public bool Leaves { get; set; }

        /// <summary>How often the link to it has come up.</summary>
        public int Linked { get; set; }

        /// <summary>How often, as it says, its link to this node has.</summary>
        public int ItsLinked { get; set; } = -1;

        /// <summary>The position of the log that it was told last, outside heartbeats.</summary>
        public ulong ToldPosition { get; set; }

        public bool BeatDue { get; set; }

        public ArrayBufferWriter<byte> Waiting { get; } = new(256);
    }
}
