using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Placement;
using TokMesh.Linearizability;
using TokMesh.Simulation.Clients;
using TokMesh.Simulation.Faults;
using TokMesh.Simulation.Observing;
using TokMesh.Simulation.World;
using TokMesh.State.Keys;

namespace TokMesh.Simulation.Runs;

/// <summary>One run: a cluster under load and faults, then without faults, then every check.</summary>
internal sealed class Run
{
    /// <summary>By then every group must have a leader again, and all replicas must have caught up.</summary>
    private const int SettledWithinMs = 20_000;

    /// <summary>An election timeout until a node is missed, some jitter, and a second try.</summary>
    private const int NoticedWithinMs = 5_000;

    private readonly int _seed;
    private readonly Profile _profile;
    private readonly VirtualWorld _world;
    private readonly FaultSchedule _faults;
    private readonly MembershipDriver _memberships;
    private readonly MoveDriver _moves;
    private readonly List<Operation> _keys = [];
    private readonly SessionHistory _sessions = new();
    private readonly NamePool _pool = NamePool.Of(tokens: 10, ids: 5);
    private readonly List<Conversation> _talks = [];
    private readonly List<SessionClient> _sessionClients = [];
    private readonly SiloChecks _siloChecks = new();
    private readonly List<(SiloClient Client, Conversation Talk)> _silos = [];

    private Run(int seed, Profile profile, Stream? trace, Timeline? timeline)
    {
        (_seed, _profile) = (seed, profile);
        var plan = new WorldPlan
        {
            Seed = seed,
            Profile = profile.Name,
            Nodes = profile.Nodes,
            Shards = profile.Shards,
            Lanes = 1 + seed % 2,
            Raft = profile.Raft,
            SegmentBytes = profile.SegmentBytes,
            SnapshotThresholdBytes = profile.SnapshotThresholdBytes,
            Encrypted = seed % 8 == 0,
            WallOffsetMs = profile.WallOffsetMs,
            ClockDriftPpm = profile.ClockDriftPpm,
        };
        _world = new VirtualWorld(plan, trace, timeline) { Network = { Datagrams = profile.Datagrams } };
        _faults = new FaultSchedule(_world, profile.Faults, plan);
        _memberships = new MembershipDriver(_world, new Random(seed + 3));
        _moves = new MoveDriver(_world, new Random(seed + 4));
    }

    /// <summary>Runs a seed to its end. Nothing is thrown: a failure is part of the result.</summary>
    /// <param name="seed">Everything follows from it and the profile.</param>
    /// <param name="profileName">One of <see cref="Profiles.Names"/>.</param>
    /// <param name="trace">Takes the protocol events; null for none.</param>
    /// <param name="timeline">Keeps the last of them; null for none.</param>
    public static RunResult Execute(int seed, string profileName, Stream? trace = null, Timeline? timeline = null)
    {
        // Awaiting clients must go on inside the event that answers them, not where a test framework would send them.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        Run? run = null;
        try
        {
            run = new Run(seed, Profiles.Of(profileName, seed), trace, timeline);
            run.Execute();
            return run.Result(profileName, null);
        }
        catch (Exception e)
        {
            return run is null ? new RunResult(seed, profileName, 0, 0, new Counts(), e) : run.Result(profileName, e);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private void Execute()
    {
        _world.Run(1500);
        var running = StartClients();
        if (_profile.Membership) _memberships.Start();
        if (_profile.Moves) _moves.Start();
        _faults.Run(_profile.Seconds * 1000, _profile.FaultGapMs);
        foreach (var talk in _talks) talk.Stopped = _silos.All(s => s.Talk != talk);
        foreach (var (_, talk) in _silos) talk.IsCalm = true;
        _memberships.Stopped = true;
        _moves.Stopped = true;
        _faults.Settle();
        EveryGroupLeads();
        EverySiloIsActive();
        _world.RunUntil(() => running.All(r => r.IsCompleted), 12_000);
        foreach (var client in running)
        {
            if (client.IsFaulted) throw client.Exception.InnerException!;
            if (!client.IsCompleted) throw new SimulationFailure("A client still waits.");
        }
        EveryShardAnswersEveryNode();
        if (_profile.SessionClients > 0) CheckSessions();
        Check(_keys);
        QuiescentGroupsNoticeTheLossOfTheirLeader();
        _world.RunUntil(() => _world.DigestsAgree(out _), SettledWithinMs, stepMs: 500);
        if (!_world.DigestsAgree(out var differences)) throw new SimulationFailure($"Replicas differ.\n{differences}") { Group = FirstGroup(differences) };
        if (_profile.Moves) _moves.GiveUpWhatCannotBe();
        new MapChecks(_world).TheMapIsTrueEverywhere();
        new HealthChecks(_world).EveryNodeTellsTheTruth();
        _world.Observers.Trace?.Finished(_world.Time.Digest);
    }

    private Task[] StartClients()
    {
        var running = new List<Task>();
        for (var i = 0; i < _profile.KeyClients; i++)
        {
            var load = new KeyLoad(_profile.RestUs, _profile.ValueBytes, _profile.Keys);
            running.Add(new KeyClient(_world, NewTalk(), load, _keys).Run());
        }
        for (var i = 0; i < _profile.SessionClients; i++)
        {
            var client = new SessionClient(_world, NewTalk(), _profile.RestUs, _pool, _sessions);
            _sessionClients.Add(client);
            running.Add(client.Run());
        }
        foreach (var node in _profile.Silos ? _world.Nodes : [])
        {
            var talk = NewTalk();
            _silos.Add((new SiloClient(_world, talk, node, _siloChecks), talk));
            running.Add(_silos[^1].Client.Run());
        }
        for (var i = 0; i < _profile.FleetingClients; i++) running.Add(new FleetingClient(_world, NewTalk()).Run());
        return [.. running];
    }

    private Conversation NewTalk()
    {
        var talk = new Conversation(_world, _talks.Count + 1);
        _talks.Add(talk);
        return talk;
    }

    private void EveryGroupLeads()
    {
        for (uint group = 0; group < _world.GroupCount; group++)
        {
            if (!_world.RunUntil(() => _world.LeaderOf(group) is not null, SettledWithinMs))
                throw new SimulationFailure($"Group {group} has no leader {SettledWithinMs} ms after every fault had ended.") { Group = group };
        }
    }

    /// <summary>Silos come back by themselves, and every node has told its own of the table as it is.</summary>
    private void EverySiloIsActive()
    {
        if (_silos.Count == 0) return;
        _world.RunUntil(() => AbsentSilos() is null, SettledWithinMs, stepMs: 250);
        if (AbsentSilos() is { } problem) throw new SimulationFailure($"{SettledWithinMs} ms after every fault had ended {problem}") { Group = 0 };
        foreach (var (_, talk) in _silos) talk.Stopped = true;
    }

    private string? AbsentSilos()
    {
        // By the table itself, not by what a silo last read of it: it may have been declared dead since, and end when the run is being judged.
        if (_world.Present.Select(n => n.Node?.Meta?.Silos).OfType<SiloTable>().MaxBy(t => t.Version) is not { } table) return "no node knows the membership.";
        if (_silos.FindIndex(s => !s.Client.IsActiveIn(table)) is >= 0 and var absent) return $"silo {absent + 1} is not in the membership.";
        if (_silos.FindIndex(s => s.Client.IsDeclaringDead) is >= 0 and var declaring) return $"silo {declaring + 1} still holds another one for dead.";
        var newest = table.Version;
        return newest >= _siloChecks.Highest && _silos.All(s => s.Client.Told == newest) ? null
            : $"nodes have told their silos of versions {string.Join(' ', _silos.Select(s => s.Client.Told))} of the membership; it is at {newest}, and {_siloChecks.Highest} was acknowledged.";
    }

    private void EveryShardAnswersEveryNode()
    {
        foreach (var node in _world.Present)
        {
            var deadline = node.MonotonicMs + 10_000;
            var writes = Enumerable.Range(1, _world.Bootstrap.ShardCount)
                .Select(g => node.Store!.WriteAsync((uint)g, b => KeyOps.Set(b, "alive"u8, [(byte)node.Id.Value]), deadline).AsTask()).ToArray();
            _world.RunUntil(() => writes.All(w => w.IsCompleted), 11_000, stepMs: 5);
            for (var i = 0; i < writes.Length; i++)
            {
                if (!writes[i].IsCompleted) throw new SimulationFailure($"A write to group {i + 1} through node {node.Id} outlived its deadline.") { Group = (uint)i + 1 };
                var reply = writes[i].GetAwaiter().GetResult();
                if (!reply.IsOk) throw new SimulationFailure($"Every fault has ended, but a write to group {i + 1} through node {node.Id} ended as {reply.Outcome} {reply.Error}.") { Group = (uint)i + 1 };
            }
        }
    }

    /// <summary>Where groups become quiescent soon, they must do so now, and have another leader without anybody calling.</summary>
    private void QuiescentGroupsNoticeTheLossOfTheirLeader()
    {
        if (_profile.Raft.QuiesceAfterMs is 0 or > 500) return;
        _world.Run(3000);
        var lost = _world.Present.MaxBy(n => n.Node!.GroupsLed)!;
        var groups = Enumerable.Range(0, _world.GroupCount).Select(g => (uint)g).Where(g => _world.LeaderOf(g) == lost && CanDoWithout(lost, g)).ToArray();
        lost.GoDown(Death.Killed);
        _world.RunUntil(() => groups.All(g => _world.LeaderOf(g) is not null), NoticedWithinMs);
        foreach (var group in groups)
            if (_world.LeaderOf(group) is null) throw new SimulationFailure($"Quiescent group {group} did not notice in {NoticedWithinMs} ms that node {lost.Id} was killed.") { Group = group };
        lost.Start();
    }

    private bool CanDoWithout(VirtualNode node, uint group)
    {
        var voters = _world.ReplicaOf(node, group)!.Raft.Configuration.Voters;
        return 2 * voters.Count(v => v != node.Id && _world.Present.Any(n => n.Id == v)) > voters.Count;
    }

    private void CheckSessions()
    {
        _world.Run(SessionChecks.ReservationsLapseMs);
        var checks = new SessionChecks(_world, _sessions, _pool);
        var end = _world.Time.NowUs;
        checks.Names();
        checks.LiveSessionsValidateEverywhere(end);
        checks.QuotasAreKept();
        Check(_sessions.ToOperations());
        checks.NothingIsLeftUnconfirmed();
        checks.NamesAreFreeAgain();
    }

    private void Check(List<Operation> history)
    {
        var verdict = Checker.Check(history);
        if (verdict.IsLinearizable) return;
        var group = history == _keys ? Sharding.OfKey(System.Text.Encoding.UTF8.GetBytes(verdict.Register!), _world.Bootstrap.ShardCount).Group : (uint?)null;
        throw new SimulationFailure($"{verdict.Register} is not linearizable: {verdict.Explanation}") { Register = verdict.Register, Group = group };
    }

    private static uint? FirstGroup(string differences) =>
        uint.TryParse(differences.AsSpan("group ".Length, differences.IndexOf(':') - "group ".Length), out var group) ? group : null;

    private RunResult Result(string profileName, Exception? failure) =>
        new(_seed, profileName, _world.Time.Digest, _world.Time.NowUs, new Counts
        {
            Answered = _talks.Sum(t => (long)t.Answered),
            Unknown = _talks.Sum(t => (long)t.Unknown),
            Failed = _talks.Sum(t => (long)t.Failed),
            SessionsCreated = _sessionClients.Sum(c => (long)c.Created),
            Crashes = _world.Observers.Kills + _world.Observers.PowerCuts + _world.Observers.DiskFailures,
            PowerCuts = _world.Observers.PowerCuts,
            ClusterPowerCuts = _faults.ClusterPowerCuts,
            DiskFailures = _world.Observers.DiskFailures,
            BitFlips = _faults.Rots,
            Partitions = _faults.Partitions,
            Pauses = _faults.Pauses,
            Replacements = _faults.Copies.PutBack + _faults.Copies.Emptied,
            Twins = _faults.Copies.Twins,
            Refused = _world.Observers.Refused,
            Hangs = _faults.Hangs,
            OtherFaults = _faults.Others,
            MembershipChanges = _memberships.Committed,
            Moves = _moves.Made,
            ReplicasRemoved = _world.Observers.Removals,
            SnapshotInstalls = _world.Observers.SnapshotInstalls,
            Elections = _world.Observers.Invariants.Elections,
            Applications = _world.Observers.Invariants.Applications,
            Events = _world.Time.Steps,
        }, failure);
}
