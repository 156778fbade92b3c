using System.IO.Pipelines;
using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Limits;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.FrontEnd;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;
using TokMesh.Redis.Stages;
using TokMesh.State.Keys;
using TokMesh.State.Queries;

namespace TokMesh.Redis.Connections;

/// <summary>
/// One client's conversation. What one read brings is executed in stages: commands that do not touch each other are under way
/// together and are awaited with one wake-up; their replies leave in order, with one flush for the whole read.
/// </summary>
internal sealed class RedisConnection : IDisposable
{
    /// <summary>Input taken into one stage, in bytes: bounds what one client holds of the lanes.</summary>
    private const int MaxStageBytes = 1 << 20;
    private const int FlushAboveBytes = 64 * 1024;

    private readonly RedisFrontEnd _frontEnd;
    private readonly int _patienceMs;
    private readonly PipeReader _reader;
    private readonly PipeWriter _output;
    private readonly InputBuffer _input = new();
    private readonly RequestParser _parser;
    private readonly Stage _stage;
    private readonly ReplyTranslator _translator = new();
    private readonly CommandScope _scope;
    private readonly Dispatcher _dispatcher;
    private readonly ExclusiveCommands _exclusive;
    private readonly int _stageLimit;
    private bool _waited;
    private long _heldInput;

    // The command that is parsed and waits for the next stage, and its length.
    private int _parsed;
    private CommandSpec? _command;

    public RedisConnection(RedisFrontEnd frontEnd, ClientState client, IDuplexPipe transport)
    {
        _frontEnd = frontEnd;
        _patienceMs = frontEnd.Options.PatienceMs;
        _reader = transport.Input;
        _output = transport.Output;
        Client = client;
        _parser = new RequestParser(frontEnd.Options.MaxBulkBytes);
        _stage = new Stage(frontEnd.ShardCount + 1, frontEnd.WakesOf(client));
        _scope = new CommandScope(frontEnd, client, _stage);
        _dispatcher = new Dispatcher(_scope);
        _exclusive = new ExclusiveCommands(_scope, _output);
        _stageLimit = frontEnd.Options.MaxPipelinedCommands;
    }

    public ClientState Client { get; }

    /// <summary>Serves the client until it leaves or breaks the protocol.</summary>
    public async Task RunAsync()
    {
        while (true)
        {
            var reading = _reader.ReadAsync();
            // Who never has to wait for a shard, nor for input, must not keep the others of its wake queue waiting.
            if (!_waited && reading.IsCompleted) await Task.Yield();
            _waited = false;
            var read = await reading;
            if (read.IsCanceled) return;
            var length = _input.Length + read.Buffer.Length;
            if (length > _frontEnd.Options.MaxCommandBytes) return;
            _input.Accept(read.Buffer, _parser.Needed);
            var stay = await ExecuteAsync();
            _input.Release();
            _reader.AdvanceTo(read.Buffer.End);
            if (!await FlushAsync() || !stay || read.IsCompleted) return;
            if (!await HoldInputAsync()) return;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _frontEnd.Held.Return(_heldInput);
        _input.Dispose();
        _translator.Dispose();
    }

    /// <summary>Executes every whole command of the input. False to close the connection.</summary>
    private async ValueTask<bool> ExecuteAsync()
    {
        while (true)
        {
            // Before more is asked for: what waits stays with the client. Then it goes on in any case, with little at a time.
            if (_frontEnd.Held.IsFull) await _frontEnd.Held.HasRoomAsync(_patienceMs);
            var end = FillStage(out var words);
            if (_stage.Count > 0 && !await FinishStageAsync()) return false;
            switch (end)
            {
                case StageEnd.InputEnds:
                    return true;
                case StageEnd.Broken:
                    WriteProblem();
                    return false;
                case StageEnd.Leave:
                    return false;
                case StageEnd.Exclusive:
                    _frontEnd.Executed(1);
                    if (!await _exclusive.RunAsync(_command!, words)) return false;
                    break;
            }
            if (_output.CanGetUnflushedBytes && _output.UnflushedBytes > FlushAboveBytes && !await FlushAsync()) return false;
        }
    }

    /// <summary>Takes commands into the stage until something ends it.</summary>
    private StageEnd FillStage(out byte[][] words)
    {
        words = [];
        _scope.StartClock();
        var bytes = 0;
        while (_stage.Count < _stageLimit && bytes < MaxStageBytes)
        {
            var input = _input.Unread;
            if (_parsed == 0)
            {
                switch (_parser.Next(input, Client.IsAuthenticated, out _parsed))
                {
                    case ParseStatus.Incomplete:
                        return StageEnd.InputEnds;
                    case ParseStatus.Failed:
                        return StageEnd.Broken;
                }
                if (_parser.Words > 0)
                {
                    var name = _parser.Current(input)[0];
                    // What a browser sends when it is lured here.
                    if (Words.Is(name, "post"u8) || Words.Is(name, "host:"u8)) return StageEnd.Leave;
                    _command = CommandTable.Find(name);
                }
            }
            if (_parser.Words > 0)
            {
                var request = _parser.Current(input);
                var taken = _dispatcher.Take(request, _command);
                if (taken == DispatchResult.NextStage) return StageEnd.Conflict;
                if (taken == DispatchResult.Exclusive)
                {
                    if (_stage.Count > 0) return StageEnd.Conflict;
                    words = request.Copy();
                    Consume(ref bytes);
                    return StageEnd.Exclusive;
                }
            }
            Consume(ref bytes);
        }
        return StageEnd.Full;
    }

    private void Consume(ref int bytes)
    {
        _input.Consume(_parsed);
        bytes += _parsed;
        _parsed = 0;
    }

    /// <summary>False when the client is gone, or does not read while all together hold too much.</summary>
    private async ValueTask<bool> FinishStageAsync()
    {
        _frontEnd.Executed(_stage.Count);
        Client.ActiveAtMs = _frontEnd.Node.NowMs;
        if (_command is { } last) Client.LastCommand = last.Name;
        if (_stage.HasCalls)
        {
            _waited = true;
            await _stage.WhenAnswered();
        }
        var next = WriteReplies(0);
        var stay = next == _stage.Count || await WriteRestAsync(next);
        _stage.Clear();
        return stay;
    }

    /// <summary>Writes replies from a place on, as far as they are there; the place of the first that is not written.</summary>
    private int WriteReplies(int from)
    {
        var writer = new RespWriter(_output, Client.IsResp3);
        var next = _translator.Write(ref writer, _stage, from);
        writer.Commit();
        return next;
    }

    /// <summary>Goes on writing as the client reads, and fetches long values when it is their turn.</summary>
    private async ValueTask<bool> WriteRestAsync(int next)
    {
        long held = 0;
        foreach (ref readonly var reply in _stage.Replies[next..]) held += reply.ReplyBytes;
        held = Math.Max(0, held - HeldBytes.FreeBytes);
        _frontEnd.Held.Add(held);
        long fetched = 0;
        try
        {
            while (next < _stage.Count)
            {
                // What was written before, and so all that was fetched for it, is on its way.
                if (!await FlushAsync()) return false;
                if (_stage.Replies[next].ToFetch > 0)
                {
                    _frontEnd.Held.Return(fetched);
                    fetched = 0;
                    fetched = await FetchAsync(next);
                }
                next = WriteReplies(next);
            }
            return await FlushAsync();
        }
        finally
        {
            _frontEnd.Held.Return(held + fetched);
        }
    }

    /// <summary>
    /// Fetches the long value whose turn it is, and those after it that fit beside it. Gives the bytes that were taken for them; without
    /// room for them nothing is asked, and the replies say so.
    /// </summary>
    private async ValueTask<long> FetchAsync(int next)
    {
        var places = new List<int>();
        long bytes = 0;
        for (var place = next; place < _stage.Count && _stage.Replies[place] is var reply; place++)
        {
            if (reply.ToFetch == 0) continue;
            if (places.Count > 0 && bytes + reply.ToFetch > ReplyBounds.FetchBytes) break;
            places.Add(place);
            bytes += reply.ToFetch;
        }
        if (!await _frontEnd.Held.TakeAsync(bytes, _patienceMs))
        {
            _frontEnd.Held.CountRefused();
            foreach (var place in places) _stage.Replies[place] = new PendingReply { Shape = ReplyShape.NoRoom };
            return 0;
        }
        _scope.StartClock();
        var batch = new CallBatch(places.Count);
        foreach (var place in places)
        {
            var asked = _stage.Replies[place].Call!;
            // Alone it may have grown meanwhile; beside others it must not, and is fetched later if it has.
            var most = places.Count == 1 ? KeyRules.MaxValueBytes : _stage.Replies[place].ToFetch;
            QueryForms.GetWithin(_scope.Arena, asked.Body, most);
            var call = new Call
            {
                Group = asked.Group,
                Kind = CallKind.Read,
                Body = _scope.Arena.Take(),
                DeadlineMs = _scope.DeadlineMs,
                Consistency = asked.Consistency,
                Owner = batch,
            };
            _stage.Replies[place].Call = call;
            _frontEnd.Node.Submit(call);
        }
        await batch.Completion;
        return bytes;
    }

    /// <summary>False when the client is gone, or did not read for long while all together held too much.</summary>
    private async ValueTask<bool> FlushAsync()
    {
        var flushing = _output.FlushAsync();
        if (flushing.IsCompleted) return !(await flushing).IsCompleted;
        var task = flushing.AsTask();
        while (true)
        {
            try
            {
                return !(await task.WaitAsync(TimeSpan.FromMilliseconds(_patienceMs))).IsCompleted;
            }
            catch (TimeoutException)
            {
                if (!_frontEnd.Held.IsFull) continue;
                _frontEnd.Held.CountRefused();
                return false;
            }
        }
    }

    /// <summary>Counts the half command that waits for its rest; false to close the connection, when there is no room for it.</summary>
    private async ValueTask<bool> HoldInputAsync()
    {
        var holds = Math.Max(0, _input.Capacity - HeldBytes.FreeBytes);
        if (holds <= _heldInput)
        {
            _frontEnd.Held.Return(_heldInput - holds);
            _heldInput = holds;
            return true;
        }
        // Not all at once: what the first gives back is room for those that still wait.
        if (!await _frontEnd.Held.TakeAsync(holds - _heldInput, _patienceMs + Random.Shared.Next(_patienceMs)))
        {
            _frontEnd.Held.CountRefused();
            var writer = new RespWriter(_output, Client.IsResp3);
            writer.Error(ErrorReplies.NoRoomForCommand);
            writer.Commit();
            await FlushAsync();
            return false;
        }
        _heldInput = holds;
        return true;
    }

    private void WriteProblem()
    {
        var writer = new RespWriter(_output, Client.IsResp3);
        writer.Error(Encoding.Latin1.GetBytes("ERR Protocol error: " + _parser.Problem));
        writer.Commit();
    }

    private enum StageEnd : byte
    {
        InputEnds,
        Full,
        Conflict,
        Exclusive,
        Broken,
        Leave,
    }
}
