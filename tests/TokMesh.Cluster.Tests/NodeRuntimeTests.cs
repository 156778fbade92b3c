using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Cluster.Tests;

public class NodeRuntimeTests
{
    [Fact]
    public async Task JudgesItsClockByWhatTheEngineMeasures()
    {
        var path = Directory.CreateTempSubdirectory("tokmesh-runtime-").FullName;
        try
        {
            using var directory = NodeDirectory.Open(path, "tmnd-a", new SystemClock());
            var network = new MeasuringNetwork(directory.Identity);
            var verdicts = new Verdicts();
            await using (await NodeRuntime.StartAsync(directory, null, new NodeOptions(), network, new SystemClock(), verdicts, static _ => { }, default))
            {
                Assert.False(await verdicts.Next.WaitAsync(TimeSpan.FromSeconds(30)));
                Assert.Equal(60_000, verdicts.OffsetMs);
                verdicts.Expect();
                network.OffsetMs = 1;
                Assert.True(await verdicts.Next.WaitAsync(TimeSpan.FromSeconds(30)));
            }
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>A cluster of three of which this node sees the others' clocks, and nothing else.</summary>
    private sealed class MeasuringNetwork(NodeIdentity self) : INodeNetwork
    {
        private double _offsetMs = 60_000;

        public double OffsetMs { set => Volatile.Write(ref _offsetMs, value); }

        // A third one that could not be measured does not count.
        public IReadOnlyList<NodeLiveness> Observed =>
        [
            new(new MemberId(2), Liveness.Alive, 0, Volatile.Read(ref _offsetMs)),
            new(new MemberId(3), Liveness.Alive, 0, Volatile.Read(ref _offsetMs)),
            new(new MemberId(4), Liveness.Dead, 0, null),
        ];

        public Task<(Bootstrap Bootstrap, MemberId Self)> JoinAsync(Bootstrap? known, Func<Bootstrap, Task> store, CancellationToken cancel)
        {
            var nodes = new[] { self.NodeId, "tmnd-b", "tmnd-c", "tmnd-d" }
                .Select((id, i) => new Candidate(id, i == 0 ? self.DirectoryId : Guid.NewGuid(), $"{id}:1", $"{id}:2", $"{id}:3"));
            return Task.FromResult((Bootstrap.Create(nodes, 1, 3, 0), new MemberId(1)));
        }

        public void Attach(Node node)
        {
        }

        public void Send(MemberId to, FrameBuffer frames) => frames.Dispose();
    }

    private sealed class Verdicts : INodeWatch
    {
        private TaskCompletionSource<bool> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> Next => _next.Task;

        public double OffsetMs { get; private set; }

        public void Expect() => _next = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);

        public void LeaderChanged(uint group, Role role, Term term, MemberId leader)
        {
        }

        public void BadFrame(MemberId from, string problem)
        {
        }

        public void ClockJudged(bool trusted, double offsetMs)
        {
            OffsetMs = offsetMs;
            _next.TrySetResult(trusted);
        }
    }
}
