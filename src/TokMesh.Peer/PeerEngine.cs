using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokMesh.Cluster;
using TokMesh.Raft;

namespace TokMesh.Peer;

/// <summary>
/// The built-in engine: finds or founds the cluster, keeps a link to every other node, and tells the local node what it hears.
/// The host listens with <see cref="PeerListener"/>.
/// </summary>
public sealed class PeerEngine : IEngine, IDisposable
{
    private readonly ConcurrentDictionary<string, Candidate> _candidates = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<MemberId, PeerLink> _links = new();
    private Genesis? _genesis;
    private Task _pings = Task.CompletedTask;

    /// <summary>Makes an engine that listens to nobody yet.</summary>
    public PeerEngine(PeerOptions options, IClock clock, ILogger logger)
    {
        Options = options;
        Clock = clock;
        Log = new PeerLog(logger);
        Self = new Candidate(options.NodeId, options.DirectoryId, options.AdvertiseAddress, options.HttpAddress, options.RedisAddress);
    }

    /// <inheritdoc/>
    public IReadOnlyList<NodeSighting> Sightings => [.. _links.Values.OrderBy(l => l.Number.Value).Select(l => l.Health.Look(Clock.MonotonicMs, Clock.WallMs) with { Introduced = l.Introduced })];

    /// <inheritdoc/>
    Candidate? IMembership.Self => Self;

    internal PeerOptions Options { get; }

    internal IClock Clock { get; }

    internal PeerLog Log { get; }

    internal Candidate Self { get; }

    internal Node? Node { get; private set; }

    internal IReadOnlyCollection<Candidate> Candidates => [.. _candidates.Values];

    /// <inheritdoc/>
    /// <remarks>The host must be listening already.</remarks>
    public async Task<(Genesis Genesis, MemberId Self)> JoinAsync(Genesis? known, Func<Genesis, Task> store, CancellationToken cancel)
    {
        _genesis = known;
        var genesis = known ?? await new Discovery(this, store).FindAsync(cancel);
        _genesis = genesis;
        return (genesis, genesis.NumberOf(Self.NodeId));
    }

    /// <inheritdoc/>
    public void Attach(Node node)
    {
        foreach (var member in node.Map.Members)
            if (member.Number != node.Self.Value) _links[new MemberId(member.Number)] = new PeerLink(this, new MemberId(member.Number), member.NodeId, member.Peer);
        Node = node;
        foreach (var link in _links.Values) link.Start();
        _pings = Task.Run(PingAsync);
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
        _stop.Cancel();
        foreach (var link in _links.Values) link.Dispose();
        try
        {
            _pings.Wait(TimeSpan.FromSeconds(5));
        }
        catch (AggregateException)
        {
            // It ends by being cancelled.
        }
        _stop.Dispose();
    }

    internal void LinkChanged(PeerLink link, bool up)
    {
        if (up) Log.LinkUp(link.NodeId);
        else if (!_stop.IsCancellationRequested) Log.LinkDown(link.NodeId);
        Node?.LinkChanged(link.Number, up);
    }

    internal Hello Introduction(bool isLink) => new()
    {
        MinVersion = Admission.MinVersion,
        MaxVersion = Admission.MaxVersion,
        Self = Self,
        ClusterId = _genesis?.ClusterId,
        IsLink = isLink,
        Past = Node?.Past,
        Known = _genesis is null ? Candidates.ToArray() : [],
    };

    internal HelloRefusal? Judge(Hello hello, string? certifiedAs) => Admission.Judge(Self, _genesis, hello, certifiedAs, Node?.Map);

    internal void Learn(Hello hello)
    {
        // A node that was seen with another directory has been set up anew since.
        if (hello.ClusterId is null) _candidates[hello.Self.NodeId] = hello.Self;
        foreach (var other in hello.Known)
            if (other.NodeId != Self.NodeId) _candidates.TryAdd(other.NodeId, other);
    }

    /// <summary>Judges the other end of a link by its past; null when it may take part.</summary>
    internal Task<HelloRefusal?> AdmitAsync(MemberId member, Hello hello) => Admission.JudgePastAsync(Self, Node, member, hello);

    /// <summary>What to answer to a hello, and which member it came from if a link may follow.</summary>
    internal async Task<(Hello Answer, MemberId? Member)> AnswerAsync(Hello hello, string? certifiedAs)
    {
        var (answer, member) = Answer(hello, certifiedAs);
        if (member is not { } from || !hello.IsLink || await AdmitAsync(from, hello) is not { } refusal) return (answer, member);
        if (refusal.IsFinal) Log.RefusedPeer(hello.Self.NodeId, refusal.Code, refusal.Message);
        return (answer with { Refusal = refusal }, null);
    }

    private (Hello Answer, MemberId? Member) Answer(Hello hello, string? certifiedAs)
    {
        var answer = Introduction(hello.IsLink);
        if (Judge(hello, certifiedAs) is { } refusal)
        {
            if (refusal.IsFinal) Log.RefusedPeer(hello.Self.NodeId, refusal.Code, refusal.Message);
            return (answer with { Refusal = refusal }, null);
        }
        if (_genesis is not { } genesis)
        {
            if (hello.IsLink)
                return (answer with { Refusal = new HelloRefusal("TM-CLST-5030", $"Node {Self.NodeId} has no cluster yet.", false) }, null);
            Learn(hello);
            return (answer with { Known = [.. Candidates] }, null);
        }
        if (hello.ClusterId is null) return (answer with { Genesis = genesis }, null);
        var number = genesis.NumberOf(hello.Self.NodeId);
        if (hello.IsLink && Node is null) return (answer with { Refusal = new HelloRefusal("TM-CLST-5030", $"Node {Self.NodeId} is starting.", false) }, null);
        return (answer, number);
    }

    /// <summary>A node has introduced itself and was admitted: it is dialled where it says it is, and what linked it before is another run of it.</summary>
    internal void Admitted(MemberId member, Hello hello)
    {
        if (_links.TryGetValue(member, out var link)) link.Meet(hello.Past!.Current, hello.Self);
    }

    private async Task PingAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(LinkHealth.PingMs));
        while (await timer.WaitForNextTickAsync(_stop.Token))
            foreach (var link in _links.Values) link.Ping();
    }
}
