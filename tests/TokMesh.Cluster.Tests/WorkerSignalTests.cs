using TokMesh.Cluster.Lanes;
using TokMesh.Cluster.Nodes;

namespace TokMesh.Cluster.Tests;

/// <summary>A worker that is called is never left asleep, whatever it and its callers are just doing.</summary>
public sealed class WorkerSignalTests
{
    private const int Rounds = 200_000;
    private const int PingPongs = 50_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // As a lane and those who have something for it: each call may come while the worker works, falls asleep, sleeps, or gives up waiting.
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void What_is_added_is_always_seen(int callers, bool withDeadlines)
    {
        using var signal = new WorkerSignal();
        var inbox = new Inbox<int> { Wake = signal.Set };
        var seen = 0;
        var worker = new Thread(() =>
        {
            var random = new Random(1);
            while (Volatile.Read(ref seen) < callers * Rounds)
            {
                var count = inbox.Take().Count;
                Volatile.Write(ref seen, seen + count);
                // Without an end to the wait a call that is lost leaves it asleep for ever.
                if (count == 0) signal.Wait(withDeadlines && random.Next(4) == 0 ? random.Next(2) : Timeout.Infinite);
            }
        })
        { IsBackground = true };
        worker.Start();
        var threads = Enumerable.Range(1, callers).Select(n => new Thread(() =>
        {
            var random = new Random(n);
            for (var i = 0; i < Rounds; i++)
            {
                inbox.Add(i);
                // Now and then so long that the worker has nothing left and falls asleep.
                if (random.Next(8) == 0) Thread.SpinWait(random.Next(400));
            }
        })
        { IsBackground = true }).ToArray();
        foreach (var thread in threads) thread.Start();
        GetsOn(worker, () => Volatile.Read(ref seen), callers * Rounds);
    }

    [Fact]
    public void Two_that_call_each_other_never_both_sleep()
    {
        using var ping = new WorkerSignal();
        using var pong = new WorkerSignal();
        var (sent, answered) = (0, 0);
        var other = new Thread(() =>
        {
            for (var i = 1; i <= PingPongs; i++)
            {
                while (Volatile.Read(ref sent) < i) ping.Wait(Timeout.Infinite);
                Volatile.Write(ref answered, i);
                pong.Set();
            }
        })
        { IsBackground = true };
        var one = new Thread(() =>
        {
            for (var i = 1; i <= PingPongs; i++)
            {
                Volatile.Write(ref sent, i);
                ping.Set();
                while (Volatile.Read(ref answered) < i) pong.Wait(i % 16 == 0 ? 1 : Timeout.Infinite);
            }
        })
        { IsBackground = true };
        other.Start();
        one.Start();
        GetsOn(one, () => Volatile.Read(ref answered), PingPongs);
        Assert.True(other.Join(Patience));
    }

    [Fact]
    public void A_call_that_came_before_the_wait_ends_it_and_not_the_next_one()
    {
        using var signal = new WorkerSignal();
        signal.Set();
        signal.Set();
        signal.Wait(Timeout.Infinite);
        var worker = new Thread(() => signal.Wait(Timeout.Infinite)) { IsBackground = true };
        worker.Start();
        Assert.False(worker.Join(100));
        signal.Set();
        Assert.True(worker.Join(Patience));
    }

    /// <summary>A busy machine may make it slow; a call that is lost makes it stand still.</summary>
    private static void GetsOn(Thread worker, Func<int> done, int all)
    {
        for (var before = -1; !worker.Join(Patience); before = done())
            Assert.True(done() != before, $"A call was lost: nothing has moved for {Patience.TotalSeconds} s after {before} of {all}.");
    }
}
