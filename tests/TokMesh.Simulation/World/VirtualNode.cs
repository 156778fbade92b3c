using TokMesh.Cluster.Health;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Log.Format;
using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.Simulation.Observing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Simulation.World;

/// <summary>How a node goes down.</summary>
internal enum Death
{
    /// <summary>The process dies; what it had written and not synced is still with the operating system.</summary>
    Killed,

    /// <summary>Power is cut: of what was not synced, any part is gone.</summary>
    PowerCut,

    /// <summary>It stopped by itself: its disk had failed.</summary>
    DiskFailed,

    /// <summary>It stopped by itself: others, or its own groups, have shown that its disk forgot.</summary>
    Refused,
}

/// <summary>
/// A production <see cref="Node"/> on virtual time: its workers' turns are events, its disk loses what was not synced, its clocks
/// are off. It can be stopped, paused and started between any two events, or stopped within any disk operation.
/// </summary>
internal sealed class VirtualNode : INodeWatch
{
    /// <summary>Most live sessions of a user.</summary>
    public const int SessionsOfUser = 5;

    private static readonly SessionLimits Limits = new() { QuotaPerUser = SessionsOfUser };

    private readonly VirtualWorld _world;
    private readonly Random _random;
    private readonly List<VirtualWorker> _workers = [];
    private readonly List<Action> _whenResumed = [];
    private readonly List<Action> _whenDown = [];
    private readonly List<(MemberId From, NodeStart Start, FrameBuffer Frames)> _unread = [];
    private readonly Dictionary<MemberId, (VirtualNode Process, int Boot)> _peers = [];
    private NodeIdentity _identity;
    private long _hangsUntilUs;
    private long _clockJudgedUs;
    private readonly Func<long> _laneDelay;
    private readonly Func<long> _logDelay;
    private readonly Func<long> _snapshotDelay;

    public VirtualNode(VirtualWorld world, Member self, int seed, byte[]? logKey)
    {
        (_world, Id, LogKey) = (world, new MemberId(self.Number), logKey);
        _identity = new NodeIdentity(self.NodeId, self.DirectoryId) { Format = NodeIdentity.NewestFormat };
        _identity.Store(Directory);
        _random = new Random(seed);
        Clock = new VirtualClock(world.Time);
        _laneDelay = () => _random.Next(5, 60);
        _logDelay = () => _random.Next(60, 900) + (SlowDiskUs > 0 ? _random.Next(SlowDiskUs) : 0) + TakeHang();
        _snapshotDelay = () => _random.Next(500, 9000) + (SlowDiskUs > 0 ? _random.Next(SlowDiskUs) : 0);
    }

    public MemberId Id { get; }

    public string NodeId => _identity.NodeId;

    public byte[]? LogKey { get; }

    /// <summary>Whether it runs on a copy of another one's directory, under the same id.</summary>
    public bool IsCopy { get; init; }

    /// <summary>When, in true microseconds, the clock was last set, or the others' word on it changed.</summary>
    public long ClockChangedUs => Math.Max(Clock.SetAtUs, _clockJudgedUs);

    /// <summary>Whether an older or empty directory is in the place of its own: nobody may let it in.</summary>
    public bool HasForgotten { get; set; }

    public Node? Node { get; private set; }

    /// <summary>Sessions as a front end of this node sees them; its awaits go on inside the lanes, so that runs stay repeatable.</summary>
    public SessionService? Sessions { get; private set; }

    /// <summary>Any call to any group, as a front end of this node makes it.</summary>
    public StoreClient? Store { get; private set; }

    /// <summary>The log's directory.</summary>
    public VirtualDisk Disk { get; } = new();

    /// <summary>The data directory around it.</summary>
    public VirtualDisk Directory { get; } = new();

    public VirtualClock Clock { get; }

    public long MonotonicMs => Clock.MonotonicMs;

    /// <summary>Grows with every start and every end.</summary>
    public int Boots { get; private set; }

    public bool IsPaused { get; private set; }

    /// <summary>How often it was paused.</summary>
    public int Pauses { get; private set; }

    /// <summary>Extra time that disk operations take, up to so many microseconds.</summary>
    public int SlowDiskUs { get; set; }

    /// <summary>How long the next write to the log's disk takes in addition, in microseconds.</summary>
    public long HangUs { get; set; }

    /// <summary>Whether a write to the log's disk hangs, or the next one will.</summary>
    public bool Hangs => HangUs > 0 || _world.Time.NowUs < _hangsUntilUs;

    /// <summary>Gone for good.</summary>
    public bool IsLost { get; set; }

    /// <summary>Why the last start was refused; null when it was not.</summary>
    public Exception? Refusal { get; private set; }

    /// <summary>Starts on what the disk holds. False when it cannot: <see cref="Refusal"/> says why, unless power was cut again.</summary>
    public bool Start()
    {
        if (Node is not null || IsLost) return false;
        Boots++;
        Refusal = null;
        _peers.Clear();
        _world.Links.Forget(this);
        try
        {
            RefusalFile.Check(Directory);
        }
        catch (InvalidOperationException e)
        {
            return Refuse(e);
        }
        try
        {
            _identity = NodeIdentity.LoadOrCreate(Directory, "", static () => throw new InvalidOperationException("A simulated node's directory has its identity."));
            var place = new LogPlace(Disk, LogKey)
            {
                Memory = _identity.Log,
                Remember = memory =>
                {
                    _identity = _identity with { Log = memory };
                    _identity.Store(Directory);
                },
            };
            Node = new Node(Id, _world.Bootstrap, _world.Options, place, Clock, _world.Network.From(this), _random.NextBytes, this, _world.Observers.Of(this));
        }
        catch (Exception e) when (IsPowerCut(e))
        {
            // Recovery writes too, and can be cut short.
            GoDown(Death.PowerCut);
            return false;
        }
        catch (Exception e) when (e is LogDamagedException or LogUnreadableException or SnapshotDamagedException or LogFailedException or LogForgottenException or IOException)
        {
            return Refuse(e);
        }
        Node.Refused = OnRefused;
        _world.Observers.Started(this);
        _workers.Clear();
        foreach (var lane in Node.Lanes)
            _workers.Add(new VirtualWorker(this, _world.Time, lane.Turn, wake => lane.Wake = wake, () => lane.NextTurnMs, _laneDelay));
        _workers.Add(new VirtualWorker(this, _world.Time, Node.LogWriter.Turn, wake => Node.LogWriter.Wake = wake, null, _logDelay));
        _workers.Add(new VirtualWorker(this, _world.Time, Node.SnapshotWorker.Turn, wake => Node.SnapshotWorker.Wake = wake, null, _snapshotDelay));
        Store = new StoreClient(Node, continueInline: true);
        var time = Node.Time;
        Sessions = new SessionService(Store, _random.NextBytes, () => time.WallMs, Limits);
        // The first answer of another node about the time comes a moment after the first link; one that comes back may have to wait for both.
        var boot = Boots;
        _world.Time.After(_random.Next(boot == 1 ? 60_000 : 1_000_000), () =>
        {
            if (Boots == boot) _world.JudgeClock(this);
        });
        _world.Links.Look();
        return true;
    }

    public void GoDown(Death death)
    {
        Boots++;
        IsPaused = false;
        _whenResumed.Clear();
        foreach (var (_, _, frames) in _unread) frames.Dispose();
        _unread.Clear();
        Node = null;
        if (death == Death.PowerCut)
        {
            Disk.Crash((ulong)_random.Next());
            Directory.Crash((ulong)_random.Next());
        }
        else
        {
            Disk.KillProcess();
            Directory.KillProcess();
        }
        _world.Time.Note(0xC0FFEE + Id.Value);
        _world.Observers.Ended(this, death);
        _world.Links.Look();
        foreach (var tell in _whenDown) _world.Time.After(_random.Next(100, 50_000), tell);
        _whenDown.Clear();
        _world.NodeEnded(this, death);
    }

    /// <summary>Stops running, as by SIGSTOP: clocks go on, the system still takes in what arrives.</summary>
    public void Pause()
    {
        if (Node is null || IsPaused) return;
        IsPaused = true;
        Pauses++;
        _world.Links.Look();
    }

    public void Resume()
    {
        if (!IsPaused) return;
        IsPaused = false;
        foreach (var (from, start, frames) in _unread) Read(from, start, frames);
        _unread.Clear();
        foreach (var action in _whenResumed) _world.Time.After(_random.Next(5, 500), action);
        _whenResumed.Clear();
        _world.Links.Look();
    }

    public void WhenResumed(Action action) => _whenResumed.Add(action);

    /// <summary>Somebody with a call to this node finds out that it is gone: a moment after that, and only once.</summary>
    public void WhenDown(Action tell) => _whenDown.Add(tell);

    public void NoLongerWhenDown(Action tell) => _whenDown.Remove(tell);

    public void RunClockAt(long ratePpm)
    {
        Clock.RunAt(ratePpm);
        if (Node is null) return;
        foreach (var worker in _workers) worker.PlanTimerAnew();
    }

    public void Receive(MemberId from, NodeStart start, FrameBuffer frames)
    {
        if (IsPaused) _unread.Add((from, start, frames));
        else Read(from, start, frames);
    }

    /// <summary>The process that this one sends to as the node of an id: the one it met last, while that runs. Null before.</summary>
    public VirtualNode? Peer(MemberId id) => _peers.TryGetValue(id, out var met) && met.Boot == met.Process.Boots ? met.Process : null;

    /// <summary>Another process has introduced itself, or was dialled, and was admitted.</summary>
    public void Meets(VirtualNode other) => _peers[other.Id] = (other, other.Boots);

    /// <summary>Runs a worker's turn; a node whose power goes or whose disk fails meanwhile ends there.</summary>
    public bool Guard(Func<bool> turn)
    {
        try
        {
            return turn();
        }
        catch (Exception e) when (IsPowerCut(e))
        {
            GoDown(Death.PowerCut);
        }
        catch (Exception e) when (e is LogFailedException or IOException)
        {
            GoDown(Death.DiskFailed);
        }
        return false;
    }

    public void LeaderChanged(uint group, Role role, Term term, MemberId leader) =>
        _world.Time.Note((ulong)group << 40 | (ulong)role << 32 | term.Value << 8 | leader.Value);

    public void BadFrame(MemberId from, string problem) => throw new InvalidOperationException($"Node {Id} could not read a frame of {from}: {problem}");

    public void ClockJudged(bool trusted, double offsetMs)
    {
        _clockJudgedUs = _world.Time.NowUs;
        _world.Time.Note(trusted ? 0xC10C1ul : 0xC10C0ul);
    }

    private void Read(MemberId from, NodeStart start, FrameBuffer frames)
    {
        Node!.Receive(from, start, frames.Written);
        frames.Dispose();
    }

    // It ends as a process does that is told to: not within what told it.
    private void OnRefused(NodeRefusedException e)
    {
        if (!HasForgotten && !IsCopy) throw new SimulationFailure($"Node {Id} was refused though its directory is its own: {e.Message}");
        var boot = Boots;
        _world.Time.After(_random.Next(10, 1_000), () =>
        {
            if (Boots != boot) return;
            Refusal = e;
            if (e.Refusal.IsFinal) RefusalFile.Store(Directory, e.Refusal);
            GoDown(Death.Refused);
        });
    }

    private bool Refuse(Exception because)
    {
        Refusal = because;
        Disk.KillProcess();
        Directory.KillProcess();
        return false;
    }

    private long TakeHang()
    {
        var hang = HangUs;
        HangUs = 0;
        _hangsUntilUs = _world.Time.NowUs + hang;
        return hang;
    }

    private static bool IsPowerCut(Exception e) => e is SimulatedPowerCut || e.InnerException is SimulatedPowerCut;
}
