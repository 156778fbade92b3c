using TokMesh.Raft.Log;
using TokMesh.Raft.Options;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Tests.Scenarios;
using TokMesh.Raft.Tests.Scenarios.Steps;

namespace TokMesh.Raft.Tests.Schedules;

/// <summary>
/// Draws a schedule from a seed. It looks at the group while it draws, so that most steps do something; what it writes down refers to
/// nothing but what a scenario can name.
/// </summary>
internal sealed class ScheduleGenerator
{
    private readonly Random _random;
    private readonly List<ScenarioLine> _steps = [];
    private readonly HashSet<(MemberId From, MemberId To)> _cut = [];
    private readonly ScenarioRun _run;
    private readonly Scenario _group;

    private ScheduleGenerator(int seed)
    {
        _random = new Random(seed);
        var options = new RaftOptions
        {
            MaxEntriesPerAppend = _random.Next(1, 6),
            MaxInflightAppends = _random.Next(1, 6),
            MaxUncommittedBytes = 4000,
            SnapshotChunkBytes = 100,
            SnapshotWindow = _random.Next(1, 4),
            LeaseReads = _random.Next(2) == 0,
            MaxEntriesPerApply = _random.Next(1, 20),
            QuiesceAfterMs = _random.Next(3) switch { 0 => 0, 1 => 20, _ => 300 },
        };
        _group = new Scenario($"seed {seed}", "", true, _random.Next(3) switch { 0 => 3, 1 => 5, _ => 4 }, _random.Next(2), _random.Next(3), options, []);
        _run = new ScenarioRun(_group);
    }

    private Cluster Cluster => _run.Cluster;

    /// <summary>The schedule of a seed, and what went wrong while it was drawn.</summary>
    /// <param name="seed">The same gives the same.</param>
    /// <param name="length">About how many steps.</param>
    /// <param name="alsoCheck">Looked at after every step.</param>
    public static (Schedule Schedule, ScheduleFailure? Failure) Draw(int seed, int length = 4000, Action<Cluster>? alsoCheck = null)
    {
        var generator = new ScheduleGenerator(seed);
        var healing = generator.Healing();
        ScheduleFailure? failure = null;
        var heals = false;
        try
        {
            generator.DrawClocks();
            for (var i = 0; i < length; i++)
            {
                generator.DrawStep();
                alsoCheck?.Invoke(generator.Cluster);
            }
            heals = true;
            foreach (var line in healing) generator._run.Do(line);
        }
        // Whatever comes out of the protocol is what this looks for.
        catch (Exception e)
        {
            failure = ScheduleFailure.Of(e, generator._steps.Count, heals);
        }
        return (new Schedule(generator._group, generator._steps, healing) { AlsoCheck = alsoCheck }, failure);
    }

    /// <summary>Clocks that differ by less than a lease allows for.</summary>
    private void DrawClocks()
    {
        foreach (var member in Cluster.Members) Do($"clock-rate {member.Id} {_random.Next(96, 106)}");
    }

    private void DrawStep()
    {
        var member = Cluster.Members[_random.Next(Cluster.Members.Length)];
        switch (_random.Next(100))
        {
            case < 45 when Cluster.Wire.Count > 0:
                DrawMessage();
                break;
            case < 65 when member.IsUp && member.WritesUnderWay > 0:
                Do($"persist {member.Id} count=1");
                break;
            case >= 65 and < 80:
                Do($"clock {_random.Next(1, 40)}");
                var ticked = Cluster.Members.Where(m => m.IsUp && _random.Next(5) > 0).Select(m => m.Id).ToArray();
                if (ticked.Length > 0) Do($"tick {Names.Of(ticked)}");
                break;
            case >= 80 and < 88 when Cluster.Leader is not null:
                Do($"propose leader bytes={_random.Next(1, 60)}");
                break;
            case >= 88 and < 92:
                foreach (var leader in Leaders()) Do($"read {leader.Id} r{_steps.Count}");
                break;
            case 92 when member.IsUp:
                Do($"crash {member.Id}{(_random.Next(3) == 0 ? " keep=1" : "")}");
                break;
            case 93 or 94 when !member.IsUp:
                Do($"restart {member.Id}");
                break;
            case 95 when member.IsUp:
                Do($"compact {member.Id} keep-bytes={_random.Next(3) * 300}");
                break;
            case 96 when _random.Next(4) == 0:
                DrawCuts();
                break;
            case 97 when _random.Next(2) == 0:
                // What a host believes of nodes may be wrong.
                Do($"{(_random.Next(2) == 0 ? "wake" : "leader-lost")} {member.Id}");
                break;
            case 97:
                _cut.Clear();
                break;
            case 98 when _random.Next(3) == 0 && member.IsUp:
                Do($"may-lead {member.Id} {(member.Group.MayLead ? "no" : "yes")}");
                break;
            case 98:
                foreach (var leader in Leaders()) if (_random.Next(2) == 0) Do($"transfer {leader.Id} {member.Id}");
                break;
            case 99:
                foreach (var leader in Leaders()) if (_random.Next(2) == 0) DrawChange(leader);
                break;
        }
        while (Cluster.Wire.Count > 400) Do("drop " + Which(_random.Next(Cluster.Wire.Count)));
    }

    /// <summary>Mostly the oldest message, sometimes any; sometimes it is lost, or comes twice.</summary>
    private void DrawMessage()
    {
        var position = _random.Next(4) == 0 ? _random.Next(Cluster.Wire.Count) : 0;
        var message = Cluster.Wire[position].Message;
        var which = Which(position);
        if (_cut.Contains((message.From, message.To)) || _random.Next(40) == 0) Do("drop " + which);
        else
        {
            if (_random.Next(40) == 0) Do("duplicate " + which);
            Do("deliver " + which);
        }
    }

    /// <summary>A message by its way and its place among those on that way: nearly the same one when earlier steps are left out.</summary>
    private string Which(int position)
    {
        var (from, to) = (Cluster.Wire[position].Message.From, Cluster.Wire[position].Message.To);
        var before = Cluster.Wire.Take(position).Count(w => w.Message.From == from && w.Message.To == to);
        return $"from={from} to={to} pick={before}";
    }

    /// <summary>Links cut one way or both.</summary>
    private void DrawCuts()
    {
        _cut.Clear();
        foreach (var a in Cluster.Members)
            foreach (var b in Cluster.Members)
                if (_random.Next(4) == 0) _cut.Add((a.Id, b.Id));
    }

    /// <summary>Moves each member, with some luck, to another standing: stranger, learner, voter.</summary>
    private void DrawChange(Member leader)
    {
        var now = leader.Group.Configuration;
        var voters = new List<MemberId>();
        var learners = new List<MemberId>();
        foreach (var member in Cluster.Members)
        {
            var standing = now.Voters.Contains(member.Id) ? 2 : now.Learners.Contains(member.Id) ? 1 : 0;
            if (_random.Next(3) == 0) standing = _random.Next(3);
            if (standing == 2) voters.Add(member.Id);
            else if (standing == 1) learners.Add(member.Id);
        }
        Do($"change {leader.Id} voters={Names.Of(voters)} learners={Names.Of(learners)}");
    }

    private Member[] Leaders() => [.. Cluster.Members.Where(m => m.IsUp && m.Group.Role == Role.Leader)];

    /// <summary>Everything is up and connected again: a leader is found, writes go on, and all members agree.</summary>
    private List<ScenarioLine> Healing() =>
    [
        Line("clock-rate all 100"),
        Line("drop"),
        .. Cluster.Members.Select(m => Line($"restart {m.Id}")),
        .. Cluster.Members.Select(m => Line($"may-lead {m.Id} yes")),
        // Hosts hear each other again.
        Line("wake all"),
        Line("run 3000"),
        Line("await-leader 10000"),
        Line("propose leader -> accepted"),
        Line("run 1500"),
        Line("expect group converged=yes"),
    ];

    private void Do(string text)
    {
        var line = Line(text);
        _steps.Add(line);
        _run.Do(line);
    }

    private ScenarioLine Line(string text)
    {
        var line = ScenarioLine.Parse(_group.Name, _steps.Count + 1, text)!;
        StepTable.Validate(line);
        return line;
    }
}
