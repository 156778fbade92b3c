using TokMesh.Raft.Outputs;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Tests.Scenarios;
using Xunit.Sdk;

namespace TokMesh.Raft.Tests.Schedules;

/// <summary>A failure is worth as much as the shortest story that shows it.</summary>
public sealed class ShrinkerTests
{
    [Fact]
    public void What_is_needed_stays_and_everything_else_goes()
    {
        var all = Enumerable.Range(1, 1000).ToArray();
        Assert.Equal([17, 42, 999], Shrinker.Shrink(all, some => some.Contains(17) && some.Contains(42) && some.Contains(999)));
        Assert.Equal([1], Shrinker.Shrink(all, some => some.Count > 0 && some.Contains(1)));
        Assert.Empty(Shrinker.Shrink(all, _ => true));
    }

    [Fact]
    public void Items_that_are_needed_only_together_are_found()
    {
        // Seven goes only when eight has gone before.
        var all = Enumerable.Range(1, 100).ToArray();
        Assert.Equal([50], Shrinker.Shrink(all, some => some.Contains(50) && (!some.Contains(8) || some.Contains(7))));
    }

    [Fact]
    public void A_long_schedule_with_a_planted_bug_shrinks_to_the_steps_that_show_it()
    {
        var (schedule, failure) = DrawFailing(static c =>
        {
            if (c.Members.Count(m => !m.IsUp) >= 2) throw new XunitException("Planted: two members are down.");
        });
        var smallest = schedule.Shrink(failure);
        Assert.Equal(2, smallest.Steps.Count);
        Assert.All(smallest.Steps, s => Assert.Equal("crash", s.Verb));
        Assert.Equal(failure.Kind, smallest.Run()!.Kind);
    }

    [Fact]
    public void A_shrunk_schedule_is_minimal_and_can_be_saved_and_replayed()
    {
        // It takes an election, an entry, a majority's disks: not a few steps, but none too many.
        static void Planted(Cluster c)
        {
            if (c.Members.Any(m => m.IsUp && m.Group.Role == Role.Leader && m.Group.Log.Commit.Value >= 2)) throw new XunitException("Planted: a leader committed 2.");
        }

        var (schedule, failure) = DrawFailing(Planted);
        var smallest = schedule.Shrink(failure);
        Assert.True(smallest.Steps.Count < 40 && smallest.Steps.Count * 2 < failure.Steps, $"{smallest.Steps.Count} of {failure.Steps} steps are left.");
        for (var i = 0; i < smallest.Steps.Count; i++)
        {
            var fewer = smallest.Steps.ToList();
            fewer.RemoveAt(i);
            Assert.NotEqual(failure.Kind, (smallest with { Steps = fewer }).Run()?.Kind);
        }

        var text = smallest.ToScenario("A leader commits.");
        var saved = ScenarioReader.Read("saved.scenario", text);
        Assert.True(saved.IsLenient);
        Assert.Equal(smallest.Group.Options, saved.Options);
        var replayed = new Schedule(saved with { Steps = [] }, saved.Steps, []) { AlsoCheck = Planted };
        Assert.Equal(smallest.Run(), replayed.Run());
    }

    [Fact]
    public void The_report_says_how_to_run_it_again_and_what_to_save()
    {
        var (schedule, failure) = DrawFailing(static c =>
        {
            if (c.Members.Any(m => !m.IsUp)) throw new XunitException("Planted: a member is down.");
        });
        var report = RandomScheduleTests.Report(7, schedule, failure);
        Assert.Contains("Planted: a member is down.", report);
        Assert.Contains("TOKMESH_FIRST_SEED=7 TOKMESH_SEEDS=1 dotnet test", report);
        Assert.Contains("these 1 are enough", report);
        Assert.Contains("\ncrash ", report);
    }

    [Fact]
    public void The_same_seed_draws_the_same_schedule()
    {
        var (one, _) = ScheduleGenerator.Draw(11, length: 1000);
        var (other, _) = ScheduleGenerator.Draw(11, length: 1000);
        Assert.Equal(one.Steps.Select(s => s.Text), other.Steps.Select(s => s.Text));
        Assert.Null(one.Run());
    }

    private static (Schedule Schedule, ScheduleFailure Failure) DrawFailing(Action<Cluster> planted)
    {
        // Only a long one shows that it was shrunk.
        for (var seed = 7; ; seed++)
        {
            var (schedule, failure) = ScheduleGenerator.Draw(seed, alsoCheck: planted);
            Assert.NotNull(failure);
            if (failure.Steps > 50) return (schedule, failure);
        }
    }
}
