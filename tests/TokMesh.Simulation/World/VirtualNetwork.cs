using TokMesh.Cluster;
using TokMesh.Raft;

namespace TokMesh.Simulation.World;

/// <summary>
/// Links between nodes: ordered, with latency, cut in either direction at will. What is under way on a link that is cut, or to a
/// node that is down, is lost.
/// </summary>
internal sealed class VirtualNetwork(VirtualTime time, Random random)
{
    private readonly Dictionary<(MemberId, MemberId), long> _lastArrival = [];
    private readonly HashSet<(MemberId, MemberId)> _cut = [];

    /// <summary>Where frames of a node arrive, while it is up.</summary>
    public Dictionary<MemberId, Action<MemberId, byte[]>> Nodes { get; } = [];

    public ITransport From(MemberId node) => new Port(this, node);

    public void Cut(MemberId from, MemberId to) => _cut.Add((from, to));

    public void HealAll() => _cut.Clear();

    private void Send(MemberId from, MemberId to, byte[] frames)
    {
        if (_cut.Contains((from, to)) || random.Next(2000) == 0) return;
        // Mostly quick, now and then slow; never out of order, as a TCP link is not.
        var latency = random.Next(50, 400) + (random.Next(100) == 0 ? random.Next(20_000) : 0);
        var arrival = Math.Max(time.NowUs + latency, _lastArrival.GetValueOrDefault((from, to)) + 1);
        _lastArrival[(from, to)] = arrival;
        time.After(arrival - time.NowUs, () =>
        {
            if (_cut.Contains((from, to)) || !Nodes.TryGetValue(to, out var receive)) return;
            time.Note((ulong)frames.Length << 16 | from.Value << 8 | to.Value);
            receive(from, frames);
        });
    }

    private sealed class Port(VirtualNetwork network, MemberId self) : ITransport
    {
        public void Send(MemberId to, FrameBuffer frames)
        {
            var bytes = frames.Written.ToArray();
            frames.Dispose();
            network.Send(self, to, bytes);
        }
    }
}
