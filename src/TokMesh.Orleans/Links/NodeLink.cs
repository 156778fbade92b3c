using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.Orleans.Links;

/// <summary>
/// This node's way to one other: dials, introduces itself, sends what lanes hand over, and dials again with growing, random
/// pauses when the connection ends. The other node dials back for its own frames, so each connection carries frames one way.
/// </summary>
internal sealed class NodeLink(NodeLinks links, MemberId number, Member member) : IDisposable
{
    private const int MaxInlineBytes = 256 << 10;

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly WakeSignal _wake = new();
    private List<FrameBuffer> _queue = [];
    private List<FrameBuffer> _sending = [];
    private long _queuedBytes;
    private bool _isUp;
    private volatile Linked? _linked;
    private bool _pingDue;
    private readonly LogOnce _problems = new();
    private volatile Candidate? _introduced;
    private string _listed = member.Peer;
    private Task _run = Task.CompletedTask;

    public MemberId Number { get; } = number;

    public string NodeId => member.NodeId;

    /// <summary>Where to dial; learned anew when the other node introduces itself with another address.</summary>
    public string Address => _introduced?.Peer ?? Volatile.Read(ref _listed);

    /// <summary>As what the other node last introduced itself; null before it has.</summary>
    public Candidate? Introduced => _introduced;

    public LinkHealth Health { get; } = new(number, links.Clock.MonotonicMs, links.Clock.WallMs);

    /// <summary>The other node has introduced itself: if that is another run of it than the one this link goes to, dial anew.</summary>
    public void Meet(NodeStart start, Candidate self)
    {
        _introduced = self;
        if (_linked is not { } linked || linked.Start == start) return;
        try
        {
            linked.End.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself just now.
        }
    }

    /// <summary>Whether what is sent goes out.</summary>
    public bool IsUp => _linked is not null;

    /// <summary>Where the map has the other node now; it may have said otherwise since.</summary>
    public void ListedAt(string peer)
    {
        if (Interlocked.Exchange(ref _listed, peer) != peer && !IsUp) _introduced = null;
    }

    /// <summary>The other node has been found elsewhere than where this link has looked for it.</summary>
    public void FoundAs(Candidate self)
    {
        if (!IsUp) _introduced = self;
    }

    public void Start() => _run = Task.Run(RunAsync);

    /// <summary>Queues frames; drops them while the link is down or its queue is full.</summary>
    public void Send(FrameBuffer frames)
    {
        bool first;
        lock (_lock)
        {
            if (!_isUp || _queuedBytes + frames.Length > links.Options.MaxQueuedBytes)
            {
                frames.Dispose();
                return;
            }
            first = _queue.Count == 0;
            _queue.Add(frames);
            _queuedBytes += frames.Length;
        }
        if (first) _wake.Wake();
    }

    /// <summary>Asks the other node whether it is there, and what time it has.</summary>
    public void Ping()
    {
        Volatile.Write(ref _pingDue, true);
        _wake.Wake();
    }

    /// <summary>Begins to end it.</summary>
    public void Stop()
    {
        _stop.Cancel();
        _wake.Wake();
    }

    public void Dispose()
    {
        Stop();
        try
        {
            _run.Wait(TimeSpan.FromSeconds(5));
        }
        catch (AggregateException)
        {
            // It ends by being cancelled.
        }
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var pause = new RetryPause();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var connection = await DialledConnection.OpenAsync(links.Options, Address, member.DirectoryId, _stop.Token);
                await SpeakAsync(connection);
                pause.Reset();
            }
            catch (Exception e)
            {
                // Whatever it is: a link that gave up would be missed for ever, and nobody would know.
                Report(e);
            }
            if (_stop.IsCancellationRequested) return;
            await Task.Delay(pause.NextMs(), _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private async Task SpeakAsync(DialledConnection connection)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var reading = Task.CompletedTask;
        try
        {
            var answer = await IntroduceAsync(connection, end.Token);
            if (links.Judge(answer, connection.CertifiedAs) is { } refusal) throw new HelloRefusedException(refusal);
            if (answer.Self.NodeId != NodeId) throw new HelloRefusedException(new HelloRefusal(Codes.NodeConflict, $"Node {answer.Self.NodeId} answers at {Address}, where node {NodeId} is expected.", false));
            if (await links.AdmitAsync(Number, answer) is { } unfit) throw new HelloRefusedException(unfit);
            _linked = new Linked(answer.Past!.Current, end);
            _introduced = answer.Self;
            lock (_lock) _isUp = true;
            _problems.Works();
            links.LinkChanged(this, true);
            reading = ReadPongsAsync(connection.Input, end);
            await WriteAsync(connection.Output, end.Token);
        }
        finally
        {
            bool wasUp;
            lock (_lock)
            {
                wasUp = _isUp;
                _isUp = false;
                foreach (var frames in _queue) frames.Dispose();
                _queue.Clear();
                _queuedBytes = 0;
            }
            _linked = null;
            end.Cancel();
            await reading;
            if (wasUp) links.LinkChanged(this, false);
        }
    }

    private async Task<Hello> IntroduceAsync(DialledConnection connection, CancellationToken cancel)
    {
        try
        {
            return await connection.IntroduceAsync(links.Introduction(), cancel);
        }
        catch (HelloRefusedException e)
        {
            links.Node?.RefusedBy(e.Refusal);
            throw;
        }
    }

    private async Task WriteAsync(PipeWriter output, CancellationToken cancel)
    {
        using var wake = cancel.UnsafeRegister(static signal => ((WakeSignal)signal!).Wake(), _wake);
        Ping();
        while (true)
        {
            var rung = _wake.WaitAsync();
            // The lane that rings does the sending. One that is rung for by others meanwhile must not be kept by their frames.
            if (rung.IsCompleted) await Task.Yield();
            await rung;
            // Nor by megabytes of its own: the heartbeats of its groups would wait behind them.
            if (Volatile.Read(ref _queuedBytes) > MaxInlineBytes) await Task.Yield();
            cancel.ThrowIfCancellationRequested();
            lock (_lock) (_queue, _sending) = (_sending, _queue);
            long bytes = 0;
            foreach (var frames in _sending)
            {
                Wire.Write(output, WireKind.Frames, frames.Written);
                bytes += frames.Length;
                frames.Dispose();
            }
            _sending.Clear();
            if (Volatile.Read(ref _pingDue))
            {
                Volatile.Write(ref _pingDue, false);
                Wire.Write(output, WireKind.Ping, BitConverter.GetBytes(LinkHealth.PreciseWallMs));
            }
            var flushed = await output.FlushAsync(cancel);
            lock (_lock) _queuedBytes -= bytes;
            if (flushed.IsCompleted) throw new IOException("The connection ended.");
        }
    }

    private async Task ReadPongsAsync(PipeReader input, CancellationTokenSource end)
    {
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(end.Token);
                var buffer = read.Buffer;
                while (Wire.TryRead(ref buffer, Wire.MaxHelloBytes, out var kind, out var body))
                {
                    if (kind != WireKind.Pong || body.Length != 16) throw new FormatException($"Message kind {(byte)kind} is not an answer to a ping.");
                    var times = body.ToArray();
                    Health.Heard(BitConverter.ToDouble(times, 0), BitConverter.ToDouble(times, 8), LinkHealth.PreciseWallMs, links.Clock.MonotonicMs);
                }
                input.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted) break;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or FormatException)
        {
            Report(e);
        }
        end.Cancel();
    }

    private void Report(Exception e)
    {
        if (_stop.IsCancellationRequested || e is OperationCanceledException || !_problems.IsNew(e.Message)) return;
        if (e is HelloRefusedException { Refusal: { IsFinal: true } refusal }) links.Log.Refused(NodeId, Address, refusal.Code, refusal.Message);
        else links.Log.LinkTrouble(NodeId, Address, e.Message);
    }

    /// <summary>Which run of the other node the connection goes to, and what ends it.</summary>
    private sealed record Linked(NodeStart Start, CancellationTokenSource End);
}
