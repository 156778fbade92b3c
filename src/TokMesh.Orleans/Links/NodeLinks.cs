using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokMesh.Client.Orleans;
using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Orleans.Nodes;
using TokMesh.Raft.Log;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Links;

/// <summary>
/// This node among the others: finds or begins the cluster, keeps a link to every other member, and tells the local node what it hears.
/// Connections come in through the silo's port (<see cref="LinkListener"/>).
/// </summary>
internal sealed class NodeLinks : INodeNetwork, IDisposable
{
    // Below what the node that asks waits for.
    private const int TakeInMs = 2_500;
    private const int SearchEveryMs = 5_000;

    private readonly ConcurrentDictionary<string, Candidate> _candidates = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<MemberId, NodeLink> _links = new();
    private readonly Lock _linking = new();
    private volatile Bootstrap? _bootstrap;
    private volatile bool _isDeciding;
    private MemberId _number;
    private Task _pings = Task.CompletedTask;
    private Task _search = Task.CompletedTask;
    private Task _telling = Task.CompletedTask;

    /// <summary>With nobody linked yet.</summary>
    public NodeLinks(LinkOptions options, IClock clock, ILogger<NodeLinks> logger)
    {
        Options = options;
        Clock = clock;
        Log = new LinkLog(logger);
        Self = new Candidate(options.NodeId, options.DirectoryId, options.AdvertiseAddress, options.HttpAddress, options.RedisAddress) { Zone = options.Zone };
        _bootstrap = options.Bootstrap;
        // What is cancelled is not read again once this is disposed of.
        Stopping = _stop.Token;
    }

    /// <inheritdoc/>
    public IReadOnlyList<NodeLiveness> Observed => [.. _links.Values.OrderBy(l => l.Number.Value).Select(l => l.Health.Look(Clock.MonotonicMs, Clock.WallMs) with { Introduced = l.Introduced })];

    /// <inheritdoc/>
    Candidate? IMembership.Self => Self;

    public LinkOptions Options { get; }

    public IClock Clock { get; }

    public LinkLog Log { get; }

    public Candidate Self { get; }

    public Node? Node { get; private set; }

    /// <summary>Ends what waits for other nodes.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Nodes without a cluster that this one, which has none either, knows of.</summary>
    public IReadOnlyCollection<Candidate> Candidates => [.. _candidates.Values];

    /// <inheritdoc/>
    /// <remarks>The silo must be listening already.</remarks>
    public async Task<(Bootstrap Bootstrap, MemberId Self)> JoinAsync(Bootstrap? known, Func<Bootstrap, Task> store, CancellationToken cancel)
    {
        var discovery = new Discovery(this);
        var bootstrap = _bootstrap = known ?? await discovery.FindAsync(g =>
        {
            // Nobody hears that there is no cluster while this is being written down.
            _isDeciding = true;
            return store(g);
        }, cancel);
        if (bootstrap.Nodes.Any(n => n.NodeId == Self.NodeId)) _number = bootstrap.NumberOf(Self.NodeId);
        else if (Options.Number is { } number) _number = new MemberId(number);
        else _number = await discovery.JoinAsync(bootstrap, cancel);
        return (bootstrap, _number);
    }

    /// <inheritdoc/>
    public void Attach(Node node)
    {
        Node = node;
        // Called by a lane, which links must not hold up.
        node.MapChanged += () => Task.Run(() => LinkMembers(node));
        LinkMembers(node);
        _pings = Task.Run(PingAsync);
        _search = Task.Run(SearchAsync);
        _telling = Task.Run(() => TellAsync(node));
    }

    /// <inheritdoc/>
    public void Send(MemberId to, FrameBuffer frames)
    {
        if (_links.TryGetValue(to, out var link)) link.Send(frames);
        else frames.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The silo's end disposes of it, and its container again.
        lock (_linking)
        {
            if (_stop.IsCancellationRequested) return;
            _stop.Cancel();
        }
        Node = null;
        foreach (var link in _links.Values) link.Stop();
        foreach (var link in _links.Values) link.Dispose();
        try
        {
            Task.WaitAll([_pings, _search, _telling], TimeSpan.FromSeconds(5));
        }
        catch (AggregateException)
        {
            // It ends by being cancelled.
        }
        _stop.Dispose();
    }

    /// <summary>Whether a node is known to be a member: while this one runs, and it was one of the first or has been heard of.</summary>
    public bool IsMember(string nodeId) => Listed(nodeId) is not null;

    public void LinkChanged(NodeLink link, bool up)
    {
        if (up) Log.LinkUp(link.NodeId);
        else if (!Stopping.IsCancellationRequested) Log.LinkDown(link.NodeId);
        Node?.LinkChanged(link.Number, up);
    }

    public Hello Introduction() => new()
    {
        MinVersion = HelloJudge.MinVersion,
        MaxVersion = HelloJudge.MaxVersion,
        Self = Self,
        ClusterId = _bootstrap?.ClusterId,
        Past = Node?.Past,
        Known = _bootstrap is null ? Candidates.ToArray() : [],
        Number = _number.IsNone ? null : _number.Value,
    };

    public HelloRefusal? Judge(Hello hello, string? certifiedAs, bool mayJoin = false) => HelloJudge.Judge(Self, _bootstrap, hello, certifiedAs, Node?.Map, mayJoin);

    public void Learn(Hello hello)
    {
        // A node that was seen with another directory has been set up anew since.
        if (hello.ClusterId is null) _candidates[hello.Self.NodeId] = hello.Self;
        foreach (var other in hello.Known)
            if (other.NodeId != Self.NodeId) _candidates.TryAdd(other.NodeId, other);
    }

    /// <summary>Judges the other end of a link by its past; null when it may take part.</summary>
    public Task<HelloRefusal?> AdmitAsync(MemberId member, Hello hello) =>
        Node is { } node ? node.AdmitAsync(member, hello).WaitAsync(Stopping) : Task.FromResult<HelloRefusal?>(HelloJudge.Starting(Self.NodeId));

    /// <summary>What to answer to a hello, and which member it came from if a link may follow.</summary>
    /// <param name="hello">What the other end says.</param>
    /// <param name="opened">What it has proved, and what it wants.</param>
    /// <param name="certifiedAs">The node id of its certificate; null without TLS.</param>
    public async Task<(Hello Answer, MemberId? Member)> AnswerAsync(Hello hello, Opened opened, string? certifiedAs)
    {
        var answer = Introduction();
        var isLink = opened.Purpose == Purpose.Link;
        if ((HelloJudge.JudgeDirectory(hello, opened.Directory) ?? Judge(hello, certifiedAs, mayJoin: Options.AllowJoin && !isLink)) is { } refusal) return Refuse(answer, hello, refusal);
        if (!isLink) return (await AnswerQuestionAsync(answer, hello), null);
        // It was judged by the same list.
        if (hello.ClusterId is null || Listed(hello.Self.NodeId) is not { } listed) return (answer with { Refusal = Starting() }, null);
        var member = new MemberId(listed.Number);
        return await AdmitAsync(member, hello) is { } unfit ? Refuse(answer, hello, unfit) : (answer, member);
    }

    /// <summary>A node has introduced itself and was admitted: it is dialled where it says it is, and what linked it before is another run of it.</summary>
    public void Admitted(MemberId member, Hello hello)
    {
        if (_links.TryGetValue(member, out var link)) link.Meet(hello.Past!.Current, hello.Self);
    }

    private (Hello, MemberId?) Refuse(Hello answer, Hello hello, HelloRefusal refusal)
    {
        if (refusal.IsFinal) Log.RefusedPeer(hello.Self.NodeId, refusal.Code, refusal.Message);
        return (answer with { Refusal = refusal }, null);
    }

    // As the map of now has it; null while this node does not run.
    private Member? Listed(string nodeId) => Node?.Map.Members.FirstOrDefault(m => m.NodeId == nodeId);

    private HelloRefusal Starting() => new(Codes.NoLeader, $"Node {Self.NodeId} is starting.", false);

    private async Task<Hello> AnswerQuestionAsync(Hello answer, Hello hello)
    {
        if (_bootstrap is not { } bootstrap)
        {
            if (_isDeciding) return answer with { Refusal = Starting() };
            Learn(hello);
            return answer with { Known = [.. Candidates] };
        }
        if (hello.ClusterId is null) return answer with { Bootstrap = bootstrap };
        if (Node is not { } node) return answer with { Number = null, Refusal = Starting() };
        if (Listed(hello.Self.NodeId) is { } member) return answer with { Number = member.Number };
        // It runs as a member that it is no longer, and must not become another one under the same data.
        return hello.Number is { } number
            ? answer with { Number = null, Refusal = new HelloRefusal(Codes.NodeConflict, $"Member {number}, node {hello.Self.NodeId}, has been removed from the cluster, or word of it has not come here yet.", false) }
            : await TakeInAsync(node, answer with { Number = null }, hello);
    }

    private async Task<Hello> TakeInAsync(Node node, Hello answer, Hello hello)
    {
        try
        {
            var member = await new MapCalls(new StoreClient(node), TakeInMs).JoinAsync(hello.Self, node.Time.WallMs, Stopping);
            return answer with { Number = member.Number };
        }
        catch (ShardMapException e)
        {
            return answer with { Refusal = new HelloRefusal(e.Code, e.Message, e.Code == ErrorCode.ClusterNodeConflict.ToText()) };
        }
    }

    // A link to every other member, and to nobody else.
    private void LinkMembers(Node node)
    {
        lock (_linking)
        {
            if (_stop.IsCancellationRequested) return;
            var members = node.Map.Members;
            foreach (var member in members)
            {
                var number = new MemberId(member.Number);
                if (number == node.Self) continue;
                if (_links.TryGetValue(number, out var known))
                {
                    known.ListedAt(member.Peer);
                    continue;
                }
                var link = _links[number] = new NodeLink(this, number, member);
                link.Start();
            }
            foreach (var number in _links.Keys)
                if (members.All(m => m.Number != number.Value) && _links.TryRemove(number, out var gone)) gone.Dispose();
        }
    }

    // A node that has moved since meta was told where it is tells it anew.
    private async Task TellAsync(Node node)
    {
        while (!Stopping.IsCancellationRequested)
        {
            // What the node's own log had of meta when it started may be old.
            var listed = node.Meta is null ? null : node.Map.MemberOf(node.Self);
            if (listed is not null && listed == Member.Of(listed.Number, Self) with { SinceMs = listed.SinceMs, State = listed.State }) return;
            try
            {
                if (listed is not null) await new MapCalls(new StoreClient(node), TakeInMs).JoinAsync(Self, node.Time.WallMs, Stopping);
                await Task.Delay(SearchEveryMs, Stopping);
            }
            catch (ShardMapException e)
            {
                Log.NotTold(e.Message);
                await Task.Delay(SearchEveryMs, Stopping);
            }
        }
    }

    // Nodes that have all moved would look for each other where they were for ever: the seeds may know better.
    private async Task SearchAsync()
    {
        var discovery = new Discovery(this);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(SearchEveryMs));
        while (await timer.WaitForNextTickAsync(Stopping))
        {
            var missing = _links.Values.Where(l => !l.IsUp).ToArray();
            if (missing.Length == 0) continue;
            await foreach (var found in discovery.LookAroundAsync([.. _links.Values.Select(l => l.Address)], Stopping))
                missing.FirstOrDefault(l => l.NodeId == found.NodeId)?.FoundAs(found);
        }
    }

    private async Task PingAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(LinkHealth.PingMs));
        while (await timer.WaitForNextTickAsync(Stopping))
            foreach (var link in _links.Values) link.Ping();
    }
}
