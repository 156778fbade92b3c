using TokMesh.Log.Format;
using TokMesh.Log.Snapshots;
using TokMesh.Simulation.Observing;
using TokMesh.Simulation.World;
using TokMesh.TestKit.Disks;

namespace TokMesh.Simulation.Faults;

/// <summary>Draws faults from the world's seed, begins and ends them, and starts again what went down.</summary>
internal sealed class FaultSchedule
{
    private readonly VirtualWorld _world;
    private readonly FaultKind[] _kinds;
    private readonly Random _random;
    private readonly Dictionary<VirtualNode, Rot> _rotten = [];
    private readonly Copies _copies;
    private readonly int _wallOffsetMs;
    private readonly int _driftPpm;
    private bool _isOver;

    /// <param name="world">What they happen to.</param>
    /// <param name="weights">Which may happen, and how often compared with the others.</param>
    /// <param name="plan">Says how far clocks may go.</param>
    public FaultSchedule(VirtualWorld world, IReadOnlyDictionary<FaultKind, int> weights, WorldPlan plan)
    {
        (_world, _random, _wallOffsetMs, _driftPpm) = (world, world.Random, plan.WallOffsetMs, plan.ClockDriftPpm);
        _copies = new Copies(world, world.Random);
        _kinds = [.. weights.OrderBy(w => w.Key).SelectMany(w => Enumerable.Repeat(w.Key, w.Value))];
        world.NodeEnded = (node, death) => StartLater(node, _random.Next(20, 3000));
    }

    public int Partitions { get; private set; }

    public int Pauses { get; private set; }

    public int ClusterPowerCuts { get; private set; }

    public int Rots { get; private set; }

    public int Others { get; private set; }

    public int Hangs { get; private set; }

    public Copies Copies => _copies;

    /// <summary>Lets faults happen for a while.</summary>
    public void Run(int ms, int mostGapMs)
    {
        for (var end = _world.Time.NowUs + ms * 1000L; _world.Time.NowUs < end;)
        {
            _world.Run(_random.Next(mostGapMs / 20, mostGapMs));
            if (_kinds.Length > 0) Begin(_kinds[_random.Next(_kinds.Length)]);
        }
    }

    /// <summary>Ends every fault, also those that were planned and have not come yet: an idle node might meet one much later.</summary>
    public void Settle()
    {
        _isOver = true;
        _copies.End();
        _world.Network.HealAll();
        _world.Network.SlowUs = 0;
        _world.Network.IsCalm = true;
        foreach (var node in _world.Present)
        {
            node.Disk.CutPowerAt(long.MaxValue);
            node.Disk.Fault = null;
            node.SlowDiskUs = 0;
            node.HangUs = 0;
            if (_rotten.Remove(node, out var rot)) rot.Repair();
            if (node.IsPaused) node.Resume();
            if (Math.Abs(node.Clock.WallOffsetMs) > _wallOffsetMs) JumpTo(node, 0);
            if (node.Node is not null || node.Start()) continue;
            throw new SimulationFailure($"Node {node.Id} does not start though nothing is wrong any more: {node.Refusal?.Message}");
        }
        JudgeClocks();
        _world.Links.Look();
    }

    private void Begin(FaultKind kind)
    {
        var node = _world.Nodes[_random.Next(_world.Nodes.Count)];
        if (node.IsLost) return;
        // The node in question is left alone, and what happens to the others must not make anybody take its copy for the node itself.
        if (_copies.IsBusy && (node.HasForgotten || _world.Twin is not null) && (kind is not (FaultKind.Kill or FaultKind.SlowDisk or FaultKind.Flap) || node.Id == _world.Twin?.Id || node.HasForgotten)) return;
        _world.Observers.Trace?.Fault($"{kind} at node {node.Id}");
        switch (kind)
        {
            case FaultKind.Kill or FaultKind.PowerCut when node.Node is not null:
                node.GoDown(kind == FaultKind.Kill ? Death.Killed : Death.PowerCut);
                break;
            case FaultKind.PowerCutInOperation:
                node.Disk.CutPowerAt(node.Disk.Operations + _random.Next(1, 30));
                break;
            case FaultKind.ClusterPowerCut:
                ClusterPowerCuts++;
                foreach (var each in _world.Present) if (each.Node is not null) each.GoDown(Death.PowerCut);
                break;
            case FaultKind.Isolate:
                Cut((a, b) => a == node || b == node);
                break;
            case FaultKind.OneWay:
                Cut((_, _) => _random.Next(3) == 0);
                break;
            case FaultKind.Split:
                var side = _world.Nodes.ToDictionary(n => n, _ => _random.Next(2));
                Cut((a, b) => side[a] != side[b]);
                break;
            case FaultKind.Flap:
                var other = _world.Nodes[_random.Next(_world.Nodes.Count)];
                _world.Network.Reset(node.Id, other.Id);
                _world.Network.Reset(other.Id, node.Id);
                Others++;
                break;
            case FaultKind.Pause when node.Node is not null && !node.IsPaused:
                Pauses++;
                node.Pause();
                // Around an election timeout is where a leader may wake up believing in itself.
                After(_random.Next(4) switch { 0 => _random.Next(20, 600), < 3 => _random.Next(600, 1_600), _ => _random.Next(1_600, 5_000) }, node.Resume);
                break;
            case FaultKind.SlowNetwork:
                Others++;
                _world.Network.SlowUs = _random.Next(1_000, 150_000);
                After(_random.Next(300, 3000), () => _world.Network.SlowUs = 0);
                break;
            default:
                BeginAtNode(kind, node);
                break;
        }
    }

    private void BeginAtNode(FaultKind kind, VirtualNode node)
    {
        Others++;
        switch (kind)
        {
            case FaultKind.SlowDisk:
                node.SlowDiskUs = _random.Next(5_000, 500_000);
                After(_random.Next(300, 4000), () => node.SlowDiskUs = 0);
                break;
            case FaultKind.SyncFails:
                node.Disk.FailNth(VirtualDiskOperationKind.Sync, _random.Next(1, 12));
                break;
            case FaultKind.DiskFull:
                node.Disk.FillUpAtNth(_random.Next(1, 12));
                After(_random.Next(300, 4000), () => node.Disk.Fault = null);
                break;
            case FaultKind.BitRot:
                Flip(node);
                break;
            case FaultKind.WallJump:
                JumpTo(node, _random.Next(-_wallOffsetMs, _wallOffsetMs + 1));
                break;
            case FaultKind.WallAway when _world.Present.All(n => Math.Abs(n.Clock.WallOffsetMs) <= _wallOffsetMs):
                JumpTo(node, _random.Next(2) == 0 ? _random.Next(2_000, 60_000) : -_random.Next(2_000, 60_000));
                After(_random.Next(500, 6000), () => JumpTo(node, 0));
                break;
            case FaultKind.ClockRate:
                node.RunClockAt(_random.Next(-_driftPpm, _driftPpm + 1));
                break;
            case FaultKind.HandOver:
                node.Node?.HandOver(isLast: true);
                break;
            case FaultKind.Hang:
                Hangs++;
                node.HangUs = _random.Next(3) switch { 0 => _random.Next(100_000, 900_000), _ => _random.Next(900_000, 7_000_000) };
                break;
            case FaultKind.Copy:
                _copies.Keep(node);
                break;
            case FaultKind.PutBack when !_rotten.ContainsKey(node) && _copies.Begin(node) is { } ms:
                After(ms, PutRight);
                break;
            case FaultKind.Twin when !_world.Network.HasCuts && _copies.BeginTwin(node) is { } ms:
                After(ms, PutRight);
                break;
            case FaultKind.Lose when _world.Nodes.All(n => !n.IsLost):
                if (node.Node is not null) node.GoDown(Death.PowerCut);
                node.IsLost = true;
                break;
        }
    }

    private void Cut(Func<VirtualNode, VirtualNode, bool> isCut)
    {
        var cut = new List<(VirtualNode From, VirtualNode To)>();
        foreach (var from in _world.Nodes)
            foreach (var to in _world.Nodes)
                if (from != to && isCut(from, to)) cut.Add((from, to));
        if (cut.Count == 0) return;
        Partitions++;
        foreach (var (from, to) in cut) _world.Network.Cut(from.Id, to.Id);
        _world.Links.Look();
        After(_random.Next(50, 4000), () =>
        {
            foreach (var (from, to) in cut) _world.Network.Heal(from.Id, to.Id);
            _world.Links.Look();
        });
    }

    private void Flip(VirtualNode node)
    {
        if (_rotten.ContainsKey(node)) return;
        if (node.Node is not null) node.GoDown(Death.PowerCut);
        if (Rot.In(node.Disk, _random) is not { } rot) return;
        Rots++;
        node.Disk.CallOffFaults();
        _world.Observers.Trace?.Fault($"{rot} of node {node.Id} has flipped");
        var starts = node.Start();
        if (starts && rot.MustBeRefused) throw new SimulationFailure($"Node {node.Id} started though {rot} has flipped.");
        if (rot.MustBeRefused && node.Refusal is not (LogDamagedException or LogUnreadableException or SnapshotDamagedException))
            throw new SimulationFailure($"Node {node.Id} was to refuse to start since {rot} has flipped, but: {node.Refusal?.Message}");
        if (starts) return;
        _rotten[node] = rot;
        After(_random.Next(200, 4000), () =>
        {
            if (!_rotten.Remove(node)) return;
            rot.Repair();
            StartLater(node, 10);
        });
    }

    private void PutRight()
    {
        if (_copies.End() is { Node: null } node) StartLater(node, 10);
    }

    private void JumpTo(VirtualNode node, long offsetMs)
    {
        node.Clock.WallOffsetMs = offsetMs;
        // The others are asked every half a second; a node that was out of the bound must not wait for that to be careful.
        if (_isOver) JudgeClocks();
        else _world.Time.After(_random.Next(600_000), JudgeClocks);
    }

    // What the network does all the time.
    private void JudgeClocks()
    {
        foreach (var each in _world.Present) _world.JudgeClock(each);
    }

    private void StartLater(VirtualNode node, int ms) => After(ms, () =>
    {
        if (node.Node is not null || node.IsLost || node.IsCopy || _rotten.ContainsKey(node)) return;
        if (!node.Start()) StartLater(node, _random.Next(200, 1000));
    });

    // What comes after the end is Settle's.
    private void After(int ms, Action action) => _world.Time.After(ms * 1000L, () =>
    {
        if (!_isOver) action();
    });
}
