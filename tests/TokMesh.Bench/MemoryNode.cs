using System.Diagnostics;
using System.Security.Cryptography;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Log.Disks;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.TestKit.Samples;

namespace TokMesh.Bench;

/// <summary>
/// The only node of a cluster, in this process, so that its heap is this one's: production code from the sessions' service down to
/// the synced log, without front ends and links. Its data is in a folder of its own, removed with it.
/// </summary>
internal sealed class MemoryNode(int sessions) : IAsyncDisposable, ITransport, INodeWatch
{
    private const int InFlight = 500;
    private const int DeadlineMs = 30_000;

    private readonly NodeOptions _options = new();
    private readonly Stack<Action> _undo = new();
    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _taken;
    private int _created;

    public long SnapshotThresholdBytes => _options.SnapshotThresholdBytes;

    /// <summary>Size of its log on disk after the load, at the last housekeeping; null if there was none.</summary>
    public long? LogBytes { get; private set; }

    /// <summary>Starts the node, creates the sessions with many under way at once, and measures.</summary>
    public async Task<MemoryResult> LoadAsync(GcPauses pauses)
    {
        var before = MemoryRun.HeapBytes();
        var node = Start();
        var logAtStart = node.LogStatus;
        pauses.Begin();
        var clock = Stopwatch.StartNew();
        await CreateSessionsAsync(node);
        var seconds = clock.Elapsed.TotalSeconds;
        var figures = await pauses.EndAsync();
        // Snapshots under way are finished first: their buffers are garbage in a moment.
        await OrFailureAsync(Task.Delay(2000));
        var heap = MemoryRun.HeapBytes() - before;
        if (node.LogStatus != logAtStart) LogBytes = node.LogStatus.SizeBytes;
        if (await CountSessionsAsync(node) is var found && found != sessions) throw new InvalidOperationException($"Of {sessions} sessions {found} are there.");
        return new MemoryResult("one whole node", seconds, heap, heap / (double)sessions, figures);
    }

    public ValueTask DisposeAsync()
    {
        while (_undo.TryPop(out var step)) step();
        return ValueTask.CompletedTask;
    }

    void ITransport.Send(MemberId to, FrameBuffer frames) => throw new InvalidOperationException($"There is no node {to}.");

    void INodeWatch.LeaderChanged(uint group, Role role, Term term, MemberId leader)
    {
    }

    void INodeWatch.BadFrame(MemberId from, string problem)
    {
    }

    void INodeWatch.ClockJudged(bool trusted, double offsetMs)
    {
    }

    private Node Start()
    {
        var folder = Directory.CreateTempSubdirectory("tokmesh-bench-memory-");
        _undo.Push(() => folder.Delete(recursive: true));
        var disk = new FileDisk(folder.FullName);
        _undo.Push(disk.Lock().Dispose);
        var bootstrap = new Bootstrap
        {
            ClusterId = Guid.NewGuid(),
            Nodes = [new Member(1, "tmnd-bench", Guid.NewGuid(), "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3")],
            ShardCount = MemoryRun.Shards,
            ReplicationFactor = 1,
            CreatedAtMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
        };
        var node = new Node(new MemberId(1), bootstrap, _options, new LogPlace(disk), new SystemClock(), this, RandomNumberGenerator.Fill, this);
        _undo.Push(node.Dispose);
        _undo.Push(new NodeThreads(node, e => _failure.TrySetException(e)).Dispose);
        return node;
    }

    private async Task CreateSessionsAsync(Node node)
    {
        var clock = new SystemClock();
        var service = new SessionService(new StoreClient(node), RandomNumberGenerator.Fill, () => clock.WallMs, new SessionLimits { QuotaPerUser = SampleSessions.Quota });
        var load = Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(() => CreateAsync(service, node))));
        var progress = new MemoryProgress(sessions);
        while (!load.IsCompleted)
        {
            await OrFailureAsync(Task.WhenAny(load, Task.Delay(100)));
            progress.Show(Volatile.Read(ref _created));
        }
        progress.End();
        await load;
    }

    private async Task CreateAsync(SessionService service, Node node)
    {
        while (Interlocked.Increment(ref _taken) - 1 is var number && number < sessions)
        {
            var session = new NewSession
            {
                UserId = SampleSessions.UserId(number),
                DeviceId = SampleSessions.DeviceId,
                TtlMs = SampleSessions.TtlMs(number),
                Data = SampleSessions.Pairs,
            };
            var caller = new Caller(node.NowMs + DeadlineMs, Consistency.Linearizable, SampleSessions.CreatedBy, SampleSessions.Ip(number), SampleSessions.UserAgent);
            var (reply, _) = await service.CreateAsync(session, caller);
            if (!reply.IsOk) throw new InvalidOperationException($"Session {number} was not created: {reply.Error} {reply.Detail}");
            Interlocked.Increment(ref _created);
        }
    }

    private async Task<long> CountSessionsAsync(Node node)
    {
        var counted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var lanes = _options.Lanes;
        long found = 0;
        node.CollectStatus(digests: false, replicas =>
        {
            foreach (var replica in replicas) Interlocked.Add(ref found, replica.Sessions);
            if (Interlocked.Decrement(ref lanes) == 0) counted.SetResult();
        });
        await OrFailureAsync(counted.Task);
        return found;
    }

    /// <summary>Awaits a task, but not for ever if a worker of the node has failed: then nothing answers any more.</summary>
    private async Task OrFailureAsync(Task task) => await await Task.WhenAny(task, _failure.Task);
}
