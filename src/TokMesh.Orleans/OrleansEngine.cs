using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokMesh.Client.Orleans;
using TokMesh.Cluster;
using TokMesh.Orleans.Bootstrap;
using TokMesh.Orleans.Links;
using TokMesh.Orleans.Placement;
using TokMesh.Raft;
using TokMesh.State;
using ErrorCode = TokMesh.State.ErrorCode;

namespace TokMesh.Orleans;

/// <summary>
/// The Orleans engine: silos are found through Orleans' membership, frames travel as calls between the silos' link services, and a
/// grain with stored state decides once how the cluster began. What Orleans believes about life and place are hints.
/// </summary>
internal sealed class OrleansEngine : IEngine, IDisposable
{
    private const int JoinMs = 5_000;

    private readonly ConcurrentDictionary<uint, SiloLink> _links = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly GenesisClient _bootstrap;
    private readonly Joining _joining;
    private readonly NodeDirectory _directory;
    private readonly TimeSpan _patience;
    private Genesis? _genesis;
    private Task _watch = Task.CompletedTask;

    public OrleansEngine(NodeDirectory directory, TokMeshSiloOptions options, OwnAddress address, Silos silos, LinkServiceClient services, IGrainFactory grains, IClock clock, ILogger<OrleansEngine> logger)
    {
        Clock = clock;
        Log = new OrleansLog(logger);
        Silos = silos;
        Services = services;
        Candidate = new Candidate(directory.Identity.NodeId, directory.Identity.DirectoryId, address.Silo, options.HttpAddress, options.RedisAddress);
        _bootstrap = new GenesisClient(grains, Candidate, options, Log);
        _joining = new Joining(silos, services, Log);
        (_directory, _patience) = (directory, options.DiscoveryTimeout);
    }

    /// <inheritdoc/>
    public IReadOnlyList<NodeSighting> Sightings => [.. _links.Values.OrderBy(l => l.Number.Value).Select(Sighting)];

    public Candidate Candidate { get; }

    /// <inheritdoc/>
    Candidate? IMembership.Self => Candidate;

    public IClock Clock { get; }

    public OrleansLog Log { get; }

    public Silos Silos { get; }

    public LinkServiceClient Services { get; }

    public Node? Node { get; private set; }

    public MemberId Self { get; private set; }

    /// <inheritdoc/>
    /// <remarks>The silo must have joined its Orleans cluster already.</remarks>
    public async Task<(Genesis Genesis, MemberId Self)> JoinAsync(Genesis? known, Func<Genesis, Task> store, CancellationToken cancel)
    {
        var genesis = _genesis = await _bootstrap.FindAsync(known, store, cancel);
        if (genesis.Nodes.Any(n => n.NodeId == Candidate.NodeId)) Self = genesis.NumberOf(Candidate.NodeId);
        else if (_directory.Identity.Number is { } number) Self = new MemberId(number);
        else Self = await _joining.AskAsync(genesis, Introduction() with { IsLink = false }, _patience, cancel);
        return (genesis, Self);
    }

    /// <inheritdoc/>
    public void Attach(Node node)
    {
        Node = node;
        // Called by a lane, which links must not hold up.
        node.MapChanged += () => Task.Run(() => LinkMembers(node));
        LinkMembers(node);
        _watch = Task.Run(WatchSilosAsync);
    }

    /// <inheritdoc/>
    public void Send(MemberId to, FrameBuffer frames)
    {
        if (_links.TryGetValue(to.Value, out var link)) link.Send(frames);
        else frames.Dispose();
    }

    public void Dispose()
    {
        // The silo's end disposes of it, and its container again.
        if (_stop.IsCancellationRequested) return;
        _stop.Cancel();
        Node = null;
        foreach (var link in _links.Values) link.Dispose();
        try
        {
            _watch.Wait(TimeSpan.FromSeconds(5));
        }
        catch (AggregateException)
        {
            // It ends by being cancelled.
        }
    }

    public Hello Introduction() => new()
    {
        MinVersion = Admission.MinVersion,
        MaxVersion = Admission.MaxVersion,
        Self = Candidate,
        ClusterId = _genesis?.ClusterId,
        IsLink = true,
        Past = Node?.Past,
        Number = Self.IsNone ? null : Self.Value,
    };

    public HelloRefusal? Judge(Hello hello) => Admission.Judge(Candidate, _genesis, hello, certifiedAs: null, Node?.Map);

    /// <summary>Judges the other end of a link by its past; null when it may take part.</summary>
    public Task<HelloRefusal?> AdmitAsync(MemberId member, Hello hello) => Admission.JudgePastAsync(Candidate, Node, member, hello);

    /// <summary>Answers a node that introduces itself, and takes what it sends from then on.</summary>
    public async Task<Hello> AnswerAsync(Hello hello, ulong session)
    {
        var answer = Introduction();
        if (Judge(hello) is { } refusal)
        {
            if (refusal.IsFinal) Log.RefusedNode(hello.Self.NodeId, refusal.Code, refusal.Message);
            return answer with { Refusal = refusal };
        }
        if (_genesis is null || Node is null || hello.ClusterId is null) return answer with { Refusal = Starting() };
        // It was judged by the same list.
        if (Node.Map.Members.FirstOrDefault(m => m.NodeId == hello.Self.NodeId)?.Number is not { } number) return answer with { Refusal = Starting() };
        if (await AdmitAsync(new MemberId(number), hello) is { } unfit)
        {
            if (unfit.IsFinal) Log.RefusedNode(hello.Self.NodeId, unfit.Code, unfit.Message);
            return answer with { Refusal = unfit };
        }
        var link = Link(number, hello.Self.NodeId);
        link.Introduced = hello.Self;
        link.Begin(session, hello.Past!.Current);
        return answer;
    }

    /// <summary>Has meta take a node in as a member.</summary>
    public async Task<Hello> TakeInAsync(Hello hello)
    {
        var answer = Introduction() with { Number = null };
        if (_genesis is not { } genesis || Node is not { } node) return answer with { Refusal = Starting() };
        if (hello.ClusterId != genesis.ClusterId)
            return answer with { Refusal = new HelloRefusal("TM-CLST-5050", $"Node {hello.Self.NodeId} asks to join cluster {hello.ClusterId}; this is {genesis.ClusterId}.", true) };
        try
        {
            var member = await new MapCalls(new StoreClient(node), JoinMs).JoinAsync(hello.Self, node.Time.WallMs, _stop.Token);
            return answer with { Number = member.Number };
        }
        catch (ShardMapException e)
        {
            return answer with { Refusal = new HelloRefusal(e.Code, e.Message, e.Code == ErrorCode.ClusterNodeConflict.ToText()) };
        }
    }

    public void Deliver(uint from, ulong session, ulong number, PieceKind kind, byte[] frames)
    {
        if (_links.TryGetValue(from, out var link)) link.Deliver(session, number, kind, frames);
    }

    public void Acknowledged(uint from, ulong session, ulong number)
    {
        if (_links.TryGetValue(from, out var link)) link.Acknowledged(session, number);
    }

    public Pong AnswerPing(uint from, ulong session, ulong sent) =>
        _links.TryGetValue(from, out var link) ? link.AnswerPing(session, sent) : new Pong(false, 0, LinkHealth.PreciseWallMs);

    private HelloRefusal Starting() => new("TM-CLST-5030", $"Node {Candidate.NodeId} is starting.", false);

    // A link to every other member, and to nobody else.
    private void LinkMembers(Node node)
    {
        if (_stop.IsCancellationRequested) return;
        var members = node.Map.Members;
        foreach (var member in members)
            if (member.Number != node.Self.Value) Link(member.Number, member.NodeId);
        foreach (var number in _links.Keys)
            if (members.All(m => m.Number != number) && _links.TryRemove(number, out var gone)) gone.Dispose();
    }

    private SiloLink Link(uint number, string nodeId)
    {
        if (_links.TryGetValue(number, out var known)) return known;
        var made = new SiloLink(this, new MemberId(number), nodeId);
        if (!_links.TryAdd(number, made)) return _links[number];
        made.Start();
        return made;
    }

    // A node that answers is alive whatever Orleans says; one that does not and has no silo is dead at once.
    private NodeSighting Sighting(SiloLink link)
    {
        var sighting = link.Health.Look(Clock.MonotonicMs, Clock.WallMs) with { Introduced = link.Introduced };
        return sighting.Liveness == Liveness.Suspect && Silos.AddressOf(link.NodeId) is null ? sighting with { Liveness = Liveness.Dead } : sighting;
    }

    private async Task WatchSilosAsync()
    {
        await foreach (var _ in Silos.Changes.WithCancellation(_stop.Token))
            foreach (var link in _links.Values) link.Ring();
    }
}

/// <summary>Where other silos reach this one, host:port.</summary>
internal sealed record OwnAddress(string Silo);
