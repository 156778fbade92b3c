using TokMesh.Cluster;
using TokMesh.Log.Simulation;
using TokMesh.Raft;

namespace TokMesh.Simulation.World;

/// <summary>
/// A production <see cref="Node"/> on virtual time: its workers' turns are events, its disk loses what was not synced, its wall
/// clock is off by a little. It can be crashed between any two events, or within any disk operation.
/// </summary>
internal sealed class VirtualNode : IClock, INodeWatch
{
    private readonly VirtualWorld _world;
    private readonly Random _random;
    private readonly NodeOptions _options;
    private int _boot;

    /// <summary>Grows with every start and crash.</summary>
    public int Boots => _boot;

    public VirtualNode(VirtualWorld world, MemberId id, NodeOptions options, int seed)
    {
        (_world, Id, _options) = (world, id, options);
        _random = new Random(seed);
        WallOffsetMs = _random.Next(-100, 100);
        Disk = new VirtualDisk();
    }

    public MemberId Id { get; }

    public Node? Node { get; private set; }

    /// <summary>Sessions as a door of this node sees them; its awaits go on inside the lanes, so that runs stay repeatable.</summary>
    public SessionService? Sessions { get; private set; }

    public VirtualDisk Disk { get; }

    public long WallOffsetMs { get; }

    public long MonotonicMs => _world.Time.NowUs / 1000;

    public long WallMs => 1_800_000_000_000 + MonotonicMs + WallOffsetMs;

    public void Start()
    {
        var boot = ++_boot;
        try
        {
            Node = new Node(Id, _world.Genesis, _options, Disk, logKey: null, this, _world.Network.From(Id), _random.NextBytes, this);
        }
        catch (SimulatedPowerCut)
        {
            // Recovery writes too, and can be cut short.
            Crash();
            return;
        }
        foreach (var lane in Node.Lanes) Run(boot, lane.Turn, wake => lane.Wake = wake, () => lane.NextTurnMs, _random, 5, 60);
        Run(boot, Node.LogWriter.Turn, wake => Node.LogWriter.Wake = wake, null, _random, 60, 900);
        Run(boot, Node.SnapshotWriter.Turn, wake => Node.SnapshotWriter.Wake = wake, null, _random, 500, 9000);
        var node = Node;
        Sessions = new SessionService(new StoreClient(node, continueInline: true), _random.NextBytes, () => WallMs);
        _world.Network.Nodes[Id] = (from, frames) => node.Receive(from, frames);
        foreach (var other in _world.Nodes) if (other != this) Node.LinkChanged(other.Id, true);
    }

    /// <summary>Power is cut.</summary>
    public void Crash()
    {
        _boot++;
        _world.Network.Nodes.Remove(Id);
        Node = null;
        Disk.Crash((ulong)_random.Next());
        _world.Time.Note(0xC0FFEE + Id.Value);
    }

    public void LeaderChanged(uint group, Role role, Term term, MemberId leader) =>
        _world.Time.Note((ulong)group << 40 | (ulong)role << 32 | term.Value << 8 | leader.Value);

    public void BadFrame(MemberId from, string problem) => throw new InvalidOperationException($"Node {Id} could not read a frame of {from}: {problem}");

    public void ClockJudged(bool trusted, double offsetMs)
    {
    }

    private void Run(int boot, Func<bool> turn, Action<Action> setWake, Func<long>? nextTurnMs, Random random, int minUs, int maxUs)
    {
        var planned = false;
        long timer = -1;
        setWake(Plan);
        if (nextTurnMs is not null) PlanTimer();

        void Plan()
        {
            if (planned || _boot != boot) return;
            planned = true;
            _world.Time.After(random.Next(minUs, maxUs), Turn);
        }

        void PlanTimer()
        {
            var due = nextTurnMs!();
            if (due == timer) return;
            timer = due;
            _world.Time.After(due * 1000 - _world.Time.NowUs, () =>
            {
                if (_boot != boot) return;
                Plan();
                PlanTimer();
            });
        }

        void Turn()
        {
            if (_boot != boot) return;
            planned = false;
            bool more;
            try
            {
                more = turn();
            }
            catch (Exception e) when (e is SimulatedPowerCut || e.InnerException is SimulatedPowerCut)
            {
                Crash();
                return;
            }
            if (more) Plan();
            if (nextTurnMs is not null) PlanTimer();
        }
    }
}
