using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using TokMesh.Cluster;
using TokMesh.State;

namespace TokMesh.Redis;

/// <summary>
/// One client's conversation. What one read brings is executed in stages: commands that do not touch each other are under way
/// together and are awaited with one wake-up; their replies leave in order, with one flush for the whole read.
/// </summary>
internal sealed class RedisConnection : IDisposable
{
    /// <summary>Input taken into one stage, in bytes: bounds what one client holds of the lanes.</summary>
    private const int MaxStageBytes = 1 << 20;

    /// <summary>Replies of one stage above this make the next stage smaller.</summary>
    private const long LargeReplies = 4 << 20;
    private const int FlushAboveBytes = 64 * 1024;

    private readonly RedisDoor _door;
    private readonly PipeReader _reader;
    private readonly PipeWriter _output;
    private readonly InputBuffer _input = new();
    private readonly RequestParser _parser;
    private readonly Stage _stage;
    private readonly ReplyTranslator _translator = new();
    private readonly CommandScope _scope;
    private readonly Dispatcher _dispatcher;
    private readonly LoneCommands _lone;
    private int _stageLimit;
    private bool _waited;

    // The command that is parsed and waits for the next stage, and its length.
    private int _parsed;
    private CommandSpec? _command;

    public RedisConnection(RedisDoor door, ClientState client, IDuplexPipe transport)
    {
        _door = door;
        _reader = transport.Input;
        _output = transport.Output;
        Client = client;
        _parser = new RequestParser(door.Options.MaxBulkBytes);
        _stage = new Stage(door.ShardCount + 1, door.WakesOf(client));
        _scope = new CommandScope(door, client, _stage);
        _dispatcher = new Dispatcher(_scope);
        _lone = new LoneCommands(_scope, _output);
        _stageLimit = door.Options.MaxPipelinedCommands;
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
            if (length > _door.Options.MaxCommandBytes) return;
            _input.Accept(read.Buffer, _parser.Needed);
            var stay = await ExecuteAsync();
            _input.Release();
            _reader.AdvanceTo(read.Buffer.End);
            if ((await _output.FlushAsync()).IsCompleted || !stay || read.IsCompleted) return;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _input.Dispose();
        _translator.Dispose();
    }

    /// <summary>Executes every whole command of the input. False to close the connection.</summary>
    private async ValueTask<bool> ExecuteAsync()
    {
        while (true)
        {
            var end = FillStage(out var words);
            if (_stage.Count > 0) await FinishStageAsync();
            switch (end)
            {
                case StageEnd.InputEnds:
                    return true;
                case StageEnd.Broken:
                    WriteProblem();
                    return false;
                case StageEnd.Leave:
                    return false;
                case StageEnd.Lone:
                    _door.Executed(1);
                    if (!await _lone.RunAsync(_command!, words)) return false;
                    break;
            }
            if (_output.CanGetUnflushedBytes && _output.UnflushedBytes > FlushAboveBytes && (await _output.FlushAsync()).IsCompleted) return false;
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
                if (taken == Taken.NextStage) return StageEnd.Conflict;
                if (taken == Taken.Alone)
                {
                    if (_stage.Count > 0) return StageEnd.Conflict;
                    words = request.Copy();
                    Consume(ref bytes);
                    return StageEnd.Lone;
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

    private async ValueTask FinishStageAsync()
    {
        _door.Executed(_stage.Count);
        Client.ActiveAtMs = _door.Node.NowMs;
        if (_command is { } last) Client.LastCommand = last.Name;
        if (_stage.HasCalls)
        {
            _waited = true;
            await _stage.WhenAnswered();
            if (_stage.MayMove) await FollowPointersAsync();
        }
        var writer = new RespWriter(_output, Client.IsResp3);
        _translator.Write(ref writer, _stage);
        writer.Commit();
        // What many replies will weigh is known only afterwards: large ones make the next stage smaller.
        if (writer.Committed > LargeReplies) _stageLimit = Math.Max(1, _stageLimit / 8);
        else if (_stageLimit < _door.Options.MaxPipelinedCommands) _stageLimit = Math.Min(_stageLimit * 2, _door.Options.MaxPipelinedCommands);
        _stage.Clear();
    }

    /// <summary>Repeats what was answered with a pointer where the pointer says: in the shard of the session's user.</summary>
    private async ValueTask FollowPointersAsync()
    {
        for (var i = 0; i < _stage.Count; i++)
        {
            if (_stage.Replies[i] is not { MayMove: true, Call: { Outcome: CallOutcome.Answered } call } || call.Reply.Span[0] != (byte)ReplyTag.NamePointer)
                continue;
            var user = new ReplyReader(call.Reply.Span).NamePointer().UserId;
            var batch = new CallBatch(1);
            var followed = new Call
            {
                Group = Sharding.OfName(user.Span, _door.ShardCount).Group,
                Kind = call.Kind,
                Body = call.Body,
                DeadlineMs = call.DeadlineMs,
                Consistency = call.Consistency,
                Owner = batch,
            };
            _door.Node.Submit(followed);
            await batch.Completion;
            _stage.Replies[i].Call = followed;
        }
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
        Lone,
        Broken,
        Leave,
    }
}
