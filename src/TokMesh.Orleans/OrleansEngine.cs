using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokMesh.Cluster;
using TokMesh.Orleans.Bootstrap;
using TokMesh.Orleans.Links;
using TokMesh.Orleans.Placement;
using TokMesh.Raft;

namespace TokMesh.Orleans;

/// <summary>
/// The Orleans engine: silos are found through Orleans' membership, frames travel as calls between the silos' link services, and a
/// grain with stored state decides once how the cluster began. What Orleans believes about life and place are hints.
/// </summary>
internal sealed class OrleansEngine : IEngine, IDisposable
{
    private readonly ConcurrentDictionary<uint, SiloLink> _links = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _left = new();
    private readonly GenesisClient _bootstrap;
    private readonly GuestSeat _seats;
    private Genesis? _genesis;
    private FoundingNode? _guest;
    private Task _watch = Task.CompletedTask;

    public OrleansEngine(NodeDirectory directory, TokMeshSiloOptions options, OwnAddress address, Silos silos, LinkServiceClient services, IGrainFactory grains, IClock clock, ILogger<OrleansEngine> logger)
    {
        Clock = clock;
        Log = new OrleansLog(logger);
        Silos = silos;
        Services = services;
        Candidate = new Candidate(directory.Identity.NodeId, directory.Identity.DirectoryId, address.Silo, options.HttpAddress, options.RedisAddress);
        _bootstrap = new GenesisClient(grains, Candidate, options, Log);
        _seats = new GuestSeat(grains, silos, Log);
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
        var (genesis, guest) = await _bootstrap.FindAsync(known, store, cancel);
        (_genesis, _guest) = (genesis, guest);
        Self = guest is null ? genesis.NumberOf(Candidate.NodeId) : new MemberId(guest.Number);
        return (genesis, Self);
    }

    /// <inheritdoc/>
    public void Attach(Node node)
    {
        Node = node;
        foreach (var founding in node.Genesis.Nodes)
            if (founding.Number != node.Self.Value) Link(founding.Number, founding.NodeId);
        _watch = Task.WhenAll(Task.Run(WatchSilosAsync),
            Task.Run(() => _guest is { } guest ? _seats.KeepAsync(node, guest, _left.Token) : _seats.ClearAsync(node, _left.Token)));
    }

    /// <inheritdoc/>
    public void Send(MemberId to, FrameBuffer frames)
    {
        if (_links.TryGetValue(to.Value, out var link)) link.Send(frames);
        else frames.Dispose();
    }

    /// <summary>Before the node ends: it stops looking after seats, and a guest gives its own back, while it can.</summary>
    public async Task LeaveAsync(CancellationToken cancel)
    {
        _left.Cancel();
        if (_guest is { } guest && Node is { } node) await _seats.GiveBackAsync(node, guest.Number, cancel);
    }

    public void Dispose()
    {
        // The silo's end disposes of it, and its container again.
        if (_stop.IsCancellationRequested) return;
        _stop.Cancel();
        _left.Cancel();
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
        Guest = _guest,
    };

    public HelloRefusal? Judge(Hello hello) => Admission.Judge(Candidate, _genesis, hello, certifiedAs: null, guests: true);

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
        if (_genesis is not { } genesis || Node is null || hello.ClusterId is null)
            return answer with { Refusal = new HelloRefusal("TM-CLST-5030", $"Node {Candidate.NodeId} is starting.", false) };
        var number = hello.Guest?.Number ?? genesis.NumberOf(hello.Self.NodeId).Value;
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
        {
            foreach (var link in _links.Values)
            {
                link.Ring();
                // A guest that has gone may never come back; if it does it introduces itself again.
                if (link.Number.Value > _genesis!.Nodes.Count && Silos.AddressOf(link.NodeId) is null && _links.TryRemove(link.Number.Value, out var gone)) gone.Dispose();
            }
        }
    }
}

/// <summary>Where other silos reach this one, host:port.</summary>
internal sealed record OwnAddress(string Silo);
