using System.Buffers;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.Simulation.World;

/// <summary>
/// Links between nodes, which can be cut in either direction. As TCP links do, they keep the order, and a link that is cut or reset
/// loses everything under way. With <see cref="Datagrams"/> single frames are lost, doubled and reordered besides: more than any
/// link may do to a node, and still nothing may break.
/// </summary>
internal sealed class VirtualNetwork(VirtualTime time, Random random, int nodes)
{
    private readonly Link[] _links = [.. Enumerable.Range(0, (nodes + 1) * (nodes + 1)).Select(_ => new Link())];
    private readonly Stack<Delivery> _spare = [];

    public bool Datagrams { get; set; }

    /// <summary>Whether nothing is lost any more but by cuts and resets.</summary>
    public bool IsCalm { get; set; }

    /// <summary>Extra latency of everything, up to so many microseconds.</summary>
    public int SlowUs { get; set; }

    public long Delivered { get; private set; }

    public ITransport From(VirtualNode node) => new Port(this, node);

    public bool IsCut(MemberId from, MemberId to) => LinkOf(from, to).IsCut;

    public void Cut(MemberId from, MemberId to)
    {
        Reset(from, to);
        LinkOf(from, to).IsCut = true;
    }

    public void Heal(MemberId from, MemberId to) => LinkOf(from, to).IsCut = false;

    /// <summary>What is under way is lost.</summary>
    public void Reset(MemberId from, MemberId to) => LinkOf(from, to).Generation++;

    public bool HasCuts => _links.Any(link => link.IsCut);

    public void HealAll()
    {
        foreach (var link in _links) link.IsCut = false;
    }

    private Link LinkOf(MemberId from, MemberId to) => _links[from.Value * (nodes + 1) + to.Value];

    private void Send(VirtualNode from, MemberId to, FrameBuffer frames)
    {
        var link = LinkOf(from.Id, to);
        // A link drops what exceeds its bound.
        if (from.Peer(to) is not { } peer || link.IsCut || (!IsCalm && random.Next(4000) == 0))
        {
            frames.Dispose();
            return;
        }
        if (Datagrams && !IsCalm)
        {
            var rest = frames.Written;
            while (FrameBuffer.TryRead(ref rest, out _, out _, out _, out var whole)) SendDatagram(link, from, peer, whole);
            frames.Dispose();
            return;
        }
        var arrival = Math.Max(time.NowUs + Latency(frames.Length), link.LastArrival + 1);
        link.LastArrival = arrival;
        Plan(link, from, peer, frames, arrival);
    }

    private void SendDatagram(Link link, VirtualNode from, VirtualNode to, ReadOnlySpan<byte> frame)
    {
        for (var copies = random.Next(100) switch { < 2 => 0, < 6 => 2, _ => 1 }; copies > 0; copies--)
        {
            var alone = FrameBuffer.Rent();
            alone.Write(frame);
            Plan(link, from, to, alone, time.NowUs + Latency(frame.Length) + (random.Next(20) == 0 ? random.Next(100_000) : 0));
        }
    }

    // Mostly quick, now and then slow.
    private long Latency(int bytes) =>
        random.Next(50, 400) + bytes / 100 + (random.Next(100) == 0 ? random.Next(20_000) : 0) + (SlowUs > 0 ? random.Next(SlowUs) : 0);

    private void Plan(Link link, VirtualNode from, VirtualNode to, FrameBuffer frames, long arrival)
    {
        if (!_spare.TryPop(out var delivery)) delivery = new Delivery(this);
        (delivery.Link, delivery.From, delivery.Start, delivery.To, delivery.Boot, delivery.Frames, delivery.Generation) =
            (link, from.Id, from.Node!.Past.Current, to, to.Boots, frames, link.Generation);
        time.At(arrival, delivery.Arrive);
    }

    private void Arrived(Delivery delivery)
    {
        var (from, to, frames) = (delivery.From, delivery.To, delivery.Frames);
        _spare.Push(delivery);
        // What is under way to a process that has ended reaches no other.
        if (delivery.Link.Generation != delivery.Generation || to.Node is null || to.Boots != delivery.Boot)
        {
            frames.Dispose();
            return;
        }
        Delivered++;
        time.Note(from.Value << 8 | to.Id.Value, frames.Written);
        to.Receive(from, delivery.Start, frames);
    }

    private sealed class Link
    {
        public bool IsCut;
        public int Generation;
        public long LastArrival;
    }

    private sealed class Delivery
    {
        public readonly Action Arrive;
        public Link Link = null!;
        public MemberId From;
        public NodeStart Start;
        public VirtualNode To = null!;
        public int Boot;
        public FrameBuffer Frames = null!;
        public int Generation;

        public Delivery(VirtualNetwork network) => Arrive = () => network.Arrived(this);
    }

    private sealed class Port(VirtualNetwork network, VirtualNode self) : ITransport
    {
        public void Send(MemberId to, FrameBuffer frames) => network.Send(self, to, frames);
    }
}
