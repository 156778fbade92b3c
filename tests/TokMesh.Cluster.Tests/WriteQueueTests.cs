using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Routing;

namespace TokMesh.Cluster.Tests;

public sealed class WriteQueueTests
{
    [Fact]
    public void Numbers_begin_at_one_and_follow_each_other()
    {
        var queue = new WriteQueue();
        var calls = Fill(queue, 100);
        Assert.Equal((100, 1ul), (queue.Count, queue.Floor));
        for (var i = 0; i < 100; i++)
        {
            Assert.Same(calls[i], queue[i]);
            Assert.Same(calls[i], queue.Find(queue.NumberAt(i)));
        }
        Assert.Null(queue.Find(0));
        Assert.Null(queue.Find(101));
    }

    [Fact]
    public void Only_what_is_done_at_the_front_is_dropped()
    {
        var queue = new WriteQueue();
        var calls = Fill(queue, 4);
        calls[1].Answer(default);
        Assert.Equal(0, queue.Trim());
        calls[0].Answer(default);
        Assert.Equal(2, queue.Trim());
        Assert.Equal((2, 3ul), (queue.Count, queue.Floor));
        Assert.Null(queue.Find(2));
        Assert.Same(calls[2], queue.Find(3));
    }

    [Fact]
    public void A_number_is_never_given_twice()
    {
        var queue = new WriteQueue();
        var random = new Random(1);
        var open = new Queue<(ulong Number, Call Call)>();
        ulong last = 0;
        for (var step = 0; step < 5_000; step++)
        {
            if (open.Count == 0 || random.Next(3) > 0)
            {
                var call = Fill(queue, 1)[0];
                var number = queue.NumberAt(queue.Count - 1);
                Assert.Equal(++last, number);
                open.Enqueue((number, call));
            }
            else if (random.Next(2) == 0)
            {
                open.Dequeue().Call.Answer(default);
                queue.Trim();
            }
            foreach (var (number, call) in open) Assert.Same(call, queue.Find(number));
            Assert.Equal(open.Count, queue.Count);
            Assert.Equal(open.Sum(c => (long)c.Call.Body.Length), queue.Bytes);
        }
    }

    private static Call[] Fill(WriteQueue queue, int count)
    {
        var calls = new Call[count];
        for (var i = 0; i < count; i++)
            queue.Add(calls[i] = new Call { Group = 1, Kind = CallKind.Write, Body = new byte[i % 5], DeadlineMs = 1 });
        return calls;
    }
}
