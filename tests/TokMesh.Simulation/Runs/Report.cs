using System.Globalization;
using TokMesh.Simulation.Observing;

namespace TokMesh.Simulation.Runs;

/// <summary>Says what runs came to.</summary>
internal static class Report
{
    /// <summary>What so many seeds must contain, or they have not tested what they are for.</summary>
    private const int SeedsThatMustSuffice = 2000;
    private const int FewestCrashes = 1000;
    private const int FewestPartitions = 1000;
    private const int FewestReplacements = 400;
    private const int FewestHangs = 500;
    private const int FewestMembershipChanges = 100;
    private const int FewestSnapshotInstalls = 100;

    public static string Line(RunResult r) => string.Create(CultureInfo.InvariantCulture,
        $"seed {r.Seed} digest {r.Digest:x16} {r.SimulatedUs / 1e6:F1} s simulated, {r.Counts.Answered} answered, {r.Counts.Unknown} unknown, {r.Counts.Crashes} crashes, {r.Counts.Partitions} partitions, {r.Counts.MembershipChanges} membership changes, {r.Counts.SnapshotInstalls} snapshots installed");

    public static string Summary(RangeResult total, string profile)
    {
        var c = total.Counts;
        return string.Create(CultureInfo.InvariantCulture, $"""
            profile {profile}, seeds {total.First}..{total.First + total.Seeds - 1}: {total.Seeds} seeds
            time        {total.SimulatedSeconds:F0} s simulated in {total.Elapsed.TotalSeconds:F1} s: {total.Ratio:F0} to 1; {c.Events} events
            operations  {c.Answered} answered, {c.Unknown} unknown, {c.Failed} failed; {c.SessionsCreated} sessions created
            crashes     {c.Crashes} ({c.PowerCuts} by power cuts, {c.ClusterPowerCuts} times of the whole cluster, {c.DiskFailures} after failures of the disk)
            faults      {c.Partitions} partitions, {c.Pauses} pauses, {c.BitFlips} bits flipped, {c.Hangs} hangs, {c.OtherFaults} others
            copies      {c.Replacements} put back or emptied, {c.Twins} second processes, {c.Refused} nodes stopped because they were refused
            protocol    {c.Elections} elections, {c.MembershipChanges} membership changes committed, {c.Moves} moves made, {c.ReplicasRemoved} replicas deleted, {c.SnapshotInstalls} snapshots installed, {c.Applications} entries applied
            digest      {total.Digest:x16}
            """);
    }

    /// <summary>Null when enough has happened.</summary>
    public static string? TooLittle(RangeResult total)
    {
        if (total.Seeds < SeedsThatMustSuffice) return null;
        var c = total.Counts;
        var problems = new List<string>();
        Check("crashes", c.Crashes, FewestCrashes);
        Check("partitions", c.Partitions, FewestPartitions);
        Check("directories put back", c.Replacements, FewestReplacements);
        Check("hangs", c.Hangs, FewestHangs);
        Check("membership changes", c.MembershipChanges, FewestMembershipChanges);
        Check("snapshot installs", c.SnapshotInstalls, FewestSnapshotInstalls);
        return problems.Count == 0 ? null : $"Too little has happened in {total.Seeds} seeds: {string.Join(", ", problems)}.";

        void Check(string what, long count, int fewest)
        {
            if (count < fewest) problems.Add($"{count} {what} of at least {fewest}");
        }
    }

    /// <summary>The command that runs a seed again.</summary>
    public static string Replay(RunResult failed) => $"./tokmesh sim --seeds {failed.Seed}..{failed.Seed} --profile {failed.Profile}";

    /// <summary>What went wrong, how to see it again, and what happened before: the run is made once more, this time with its events kept.</summary>
    public static string Failure(RunResult failed)
    {
        var timeline = new Timeline();
        var again = Run.Execute(failed.Seed, failed.Profile, timeline: timeline);
        var why = failed.Failure is SimulationFailure f ? f.Message : failed.Failure!.ToString();
        var repeated = again.Digest == failed.Digest ? "" : "\n  (made again, the run went another way: something in it is not on virtual time)";
        return $"seed {failed.Seed} of profile {failed.Profile} failed at {failed.SimulatedUs / 1e6:F6} s: {why}{repeated}\n"
            + timeline.Show(failed.FailedGroup, failed.FailedRegister) + $"replay: {Replay(failed)}";
    }
}
