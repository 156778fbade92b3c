using System.Diagnostics;

namespace TokMesh.Simulation.Runs;

/// <summary>
/// Many runs, several at once, each alone on its thread. The results come out in the order of the seeds, whichever ended first.
/// Stops at the first failure.
/// </summary>
internal sealed class SeedRange(string profile, int jobs)
{
    // Awaiting clients go on inside the event that answers them: many of them in one event need room.
    private const int StackBytes = 64 << 20;

    /// <summary>Told of each result, in order, by any of the threads but one at a time.</summary>
    public Action<RunResult> Ended { get; init; } = static _ => { };

    /// <summary>Runs seeds from <paramref name="first"/> on, until <paramref name="last"/> or until the time is over.</summary>
    public RangeResult Run(int first, int last, TimeSpan? most = null, Stream? trace = null)
    {
        var clock = Stopwatch.StartNew();
        var waiting = new SortedDictionary<int, RunResult>();
        var total = new RangeResult { First = first };
        var next = first;
        var due = first;
        var gate = new Lock();
        // A trace is one file: its runs come one after another.
        var threads = Enumerable.Range(0, trace is null ? jobs : 1).Select(_ => new Thread(Work, StackBytes)).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        total.Elapsed = clock.Elapsed;
        return total;

        void Work()
        {
            while (true)
            {
                int seed;
                lock (gate)
                {
                    if (next > last || total.Failure is not null || clock.Elapsed > (most ?? TimeSpan.MaxValue)) return;
                    seed = next++;
                }
                var result = Runs.Run.Execute(seed, profile, trace);
                lock (gate)
                {
                    waiting.Add(seed, result);
                    while (waiting.Remove(due, out var ready))
                    {
                        due++;
                        // What comes behind a failure depends on how many were at work.
                        if (total.Failure is not null) continue;
                        total.Add(ready);
                        Ended(ready);
                    }
                }
            }
        }
    }
}

/// <summary>What many runs came to.</summary>
internal sealed class RangeResult
{
    public int First { get; init; }

    public int Seeds { get; private set; }

    public Counts Counts { get; private set; } = new();

    public double SimulatedSeconds { get; private set; }

    public TimeSpan Elapsed { get; set; }

    /// <summary>Of all digests, in order of the seeds.</summary>
    public ulong Digest { get; private set; } = 14695981039346656037;

    public RunResult? Failure { get; private set; }

    public double Ratio => SimulatedSeconds / Elapsed.TotalSeconds;

    public void Add(RunResult result)
    {
        Seeds++;
        Counts += result.Counts;
        SimulatedSeconds += result.SimulatedUs / 1e6;
        Digest = World.Hash.Mix(Digest, result.Digest);
        if (result.Failure is not null) Failure = result;
    }
}
