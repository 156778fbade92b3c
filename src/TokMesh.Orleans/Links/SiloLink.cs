using Orleans.Runtime;
using TokMesh.Cluster;
using TokMesh.Raft;

namespace TokMesh.Orleans.Links;

/// <summary>
/// This node's link to one other, whichever silo carries it: introduces itself, keeps a session while the other side knows it,
/// asks regularly whether it lives, and keeps what comes from there in order.
/// </summary>
internal sealed class SiloLink(OrleansEngine engine, MemberId number, string nodeId) : IDisposable
{
    private const int LookMs = 1_000;
    private const int AnswerMs = 2_000;

    /// <summary>Pieces received after which the other side is told, if nothing has travelled there meanwhile.</summary>
    private const int AckEvery = 64;

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _bell = new(0, 1);
    private readonly Lock _receiving = new();
    private volatile Up? _up;
    private volatile Candidate? _introduced;
    private IncomingLink? _incoming;
    private ulong _toldDone;
    private readonly SaidOnce _problems = new();
    private Task _run = Task.CompletedTask;

    public MemberId Number { get; } = number;

    public string NodeId { get; } = nodeId;

    public LinkHealth Health { get; } = new(number, engine.Clock.MonotonicMs, engine.Clock.WallMs);

    public bool IsUp => _up is not null;

    /// <summary>As what the other node last introduced itself; null before it has.</summary>
    public Candidate? Introduced { get => _introduced; set => _introduced = value; }

    public void Start() => _run = Task.Run(RunAsync);

    /// <summary>Something may have changed: look again now.</summary>
    public void Ring()
    {
        if (_bell.CurrentCount > 0) return;
        try
        {
            _bell.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else rang just now.
        }
    }

    public void Send(FrameBuffer frames)
    {
        if (_up is { } up) up.Link.Send(frames);
        else frames.Dispose();
    }

    public void Acknowledged(ulong session, ulong number)
    {
        if (_up is { } up && up.Link.Session == session) up.Link.Acknowledged(number);
    }

    /// <summary>The other node begins a session; what was left of its last one is lost.</summary>
    public void Begin(ulong session, NodeStart start)
    {
        lock (_receiving)
        {
            // Frames of an earlier run of that node are dropped by the local one.
            _incoming = new IncomingLink(session, frames => engine.Node?.Receive(Number, start, frames), Lost);
            _toldDone = 0;
        }
        // It has started again, or come back: its old session with this node, if any, is over on its side too.
        Ring();
    }

    public void Deliver(ulong session, ulong number, PieceKind kind, byte[] frames)
    {
        ulong tell;
        lock (_receiving)
        {
            if (_incoming is not { } incoming || incoming.Session != session) return;
            try
            {
                incoming.Receive(number, kind, frames, engine.Clock.MonotonicMs);
            }
            catch (FormatException e)
            {
                engine.Log.BadFrames(NodeId, e.Message);
            }
            if (incoming.Done - _toldDone < AckEvery) return;
            _toldDone = tell = incoming.Done;
        }
        if (_up is { } up) up.Service.Acknowledge(engine.Self.Value, session, tell);
    }

    public Pong AnswerPing(ulong session, ulong sent)
    {
        lock (_receiving)
        {
            if (_incoming is not { } incoming || incoming.Session != session) return new Pong(false, 0, LinkHealth.PreciseWallMs);
            incoming.Expect(sent, engine.Clock.MonotonicMs);
            return new Pong(true, incoming.Done, LinkHealth.PreciseWallMs);
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        try
        {
            _run.Wait(TimeSpan.FromSeconds(5));
        }
        catch (AggregateException)
        {
            // It ends by being cancelled.
        }
        TakeDown();
        _stop.Dispose();
        _bell.Dispose();
    }

    // What is gone may have been an answer to one of this node's calls: as on a connection that broke, they are made anew.
    private void Lost()
    {
        engine.Log.PiecesLost(NodeId);
        engine.Node?.LinkChanged(Number, false);
        if (IsUp) engine.Node?.LinkChanged(Number, true);
    }

    private async Task RunAsync()
    {
        var retry = new RetryPause();
        while (!_stop.IsCancellationRequested)
        {
            var pause = LinkHealth.PingMs;
            try
            {
                var silo = engine.Silos.AddressOf(NodeId);
                if (_up is { } up && !up.Silo.Equals(silo)) TakeDown();
                // Word of its coming rings.
                if (silo is null) pause = LookMs;
                else if (_up is { } open) await PingAsync(open);
                else await IntroduceAsync(silo);
                retry.Reset();
            }
            catch (Exception e) when (e is OrleansException or HelloRefusedException or TimeoutException or OperationCanceledException or ObjectDisposedException or System.Text.Json.JsonException)
            {
                if (_stop.IsCancellationRequested) return;
                // No answer in time is not yet a link that is down: a silo that is frozen for a while has lost nothing.
                if (e is not TimeoutException) TakeDown();
                Report(e);
                if (_up is null) pause = retry.NextMs();
            }
            await _bell.WaitAsync(pause, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private async Task IntroduceAsync(SiloAddress silo)
    {
        var service = engine.Services.At(silo);
        var session = (ulong)Random.Shared.NextInt64();
        var answer = Hello.FromJson(await service.Hello(engine.Introduction().ToJson(), session).WaitAsync(TimeSpan.FromMilliseconds(AnswerMs), _stop.Token));
        if (answer.Refusal is { } refused)
        {
            engine.Node?.RefusedBy(refused);
            throw new HelloRefusedException(refused);
        }
        if ((engine.Judge(answer) ?? await engine.AdmitAsync(Number, answer)) is { } refusal) throw new HelloRefusedException(refusal);
        _introduced = answer.Self;
        _up = new Up(silo, service, new OutgoingLink(session, (number, kind, bytes) => Transmit(service, session, number, kind, bytes)));
        _problems.Works();
        engine.Log.LinkUp(NodeId);
        engine.Node?.LinkChanged(Number, true);
    }

    private void Transmit(ILinkService service, ulong session, ulong number, PieceKind kind, byte[] bytes)
    {
        var (theirs, done) = (0UL, 0UL);
        // Without the lock: a number a little out of date does no harm.
        if (_incoming is { } incoming) (theirs, done) = (incoming.Session, incoming.Done);
        Volatile.Write(ref _toldDone, done);
        try
        {
            service.Deliver(engine.Self.Value, session, number, kind, theirs, done, bytes);
        }
        catch (Exception e) when (e is OrleansException or InvalidOperationException or OperationCanceledException)
        {
            // A silo that is stopping, or has been told that it is dead, takes no more calls: lost like whatever a network loses. The lane
            // that sends must not end of it.
            Ring();
        }
    }

    private async Task PingAsync(Up up)
    {
        var asked = LinkHealth.PreciseWallMs;
        var pong = await up.Service.Ping(engine.Self.Value, up.Link.Session, up.Link.Sent).WaitAsync(TimeSpan.FromMilliseconds(AnswerMs), _stop.Token);
        Health.Heard(asked, pong.WallMs, LinkHealth.PreciseWallMs, engine.Clock.MonotonicMs);
        if (pong.KnowsSession) up.Link.Acknowledged(pong.Acked);
        else
        {
            TakeDown();
            Ring();
        }
    }

    private void TakeDown()
    {
        if (Interlocked.Exchange(ref _up, null) is not { } up) return;
        up.Link.Close();
        if (_stop.IsCancellationRequested) return;
        engine.Log.LinkDown(NodeId);
        engine.Node?.LinkChanged(Number, false);
    }

    private void Report(Exception e)
    {
        // What Orleans says of a lost connection differs each time and has a stack in it.
        var problem = e is OrleansException ? "its silo cannot be reached" : e is TimeoutException ? $"no answer within {AnswerMs} ms" : e.Message;
        if (!_problems.IsNew(problem)) return;
        if (e is HelloRefusedException { Refusal: { IsFinal: true } refusal }) engine.Log.Refused(NodeId, refusal.Code, refusal.Message);
        else engine.Log.LinkTrouble(NodeId, problem);
    }

    private sealed record Up(SiloAddress Silo, ILinkService Service, OutgoingLink Link);
}
