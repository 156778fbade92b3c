using System.IO.Pipelines;
using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;
using TokMesh.Redis.Server;
using TokMesh.Redis.Sessions;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Redis.Connections;

/// <summary>Runs the commands that take several steps or change the connection, one at a time.</summary>
internal sealed class ExclusiveCommands(CommandScope scope, PipeWriter output)
{
    private readonly LoginCommands _logins = new(scope, output);
    private readonly SessionSteps _sessions = new(scope, output);

    /// <summary>Executes one command and writes its reply. False to close the connection after it.</summary>
    public async ValueTask<bool> RunAsync(CommandSpec command, byte[][] words)
    {
        switch (command.Id)
        {
            case Command.Auth:
                return await _logins.AuthAsync(words);
            case Command.Hello:
                return await _logins.HelloAsync(words);
            case Command.Quit:
                Reply((ref RespWriter w) => w.Ok());
                return false;
            case Command.Reset:
                scope.Client.Reset();
                Reply((ref RespWriter w) => w.Status("RESET"u8));
                return true;
            case Command.Info:
                await InfoAsync(words);
                return true;
            case Command.DbSize:
                await DbSizeAsync();
                return true;
            case Command.Scan:
                await ScanAsync(words);
                return true;
            case Command.Del or Command.Unlink:
                await _sessions.DelAsync(words);
                return true;
            case Command.Exists:
                await _sessions.ExistsAsync(words);
                return true;
            case Command.Set:
                await _sessions.SetAsync(words);
                return true;
            case Command.TmCreate:
                await _sessions.CreateAsync(words);
                return true;
            case Command.TmRevokeUser:
                await _sessions.RevokeUserAsync(words);
                return true;
            default:
                throw new InvalidOperationException($"'{command.Name}' does not run alone.");
        }
    }

    private async ValueTask InfoAsync(byte[][] words)
    {
        // How many keys there are is worth a second at most, and no failure.
        var count = await TryCountAsync(new Consistency(ConsistencyLevel.Local), scope.FrontEnd.Node.NowMs + 1000);
        var text = InfoText.Of(scope.FrontEnd, scope.Client, count.Error is null ? count.Total : null, words.AsSpan(1));
        Reply((ref RespWriter w) => w.Verbatim(text));
    }

    private async ValueTask DbSizeAsync()
    {
        var (total, error) = await TryCountAsync(scope.Client.Consistency, scope.DeadlineMs);
        Reply((ref RespWriter w) =>
        {
            if (error is { } e) w.Error(ErrorReplies.Of(e));
            else w.Integer(total);
        });
    }

    private async ValueTask<(long Total, StoreReply? Error)> TryCountAsync(Consistency consistency, long deadlineMs)
    {
        var replies = await scope.FrontEnd.Store.ReadAllShardsAsync(static b => QueryForms.Count(b, keys: true, sessions: true), consistency, deadlineMs);
        long total = 0;
        foreach (var reply in replies)
        {
            if (!reply.IsOk) return (0, reply);
            total += new ReplyReader(reply.Body.Span).Integer();
        }
        return (total, null);
    }

    private async ValueTask ScanAsync(byte[][] words)
    {
        if (ScanRequest.Read(words, scope.FrontEnd.ShardCount, out var scan) is { } problem)
        {
            Reply((ref RespWriter w) => w.Error(problem));
            return;
        }
        var error = await scan.RunAsync(scope);
        Reply((ref RespWriter w) =>
        {
            if (error is { } e)
            {
                w.Error(ErrorReplies.Of(e));
                return;
            }
            w.Array(2);
            w.Bulk(Encoding.ASCII.GetBytes(scan.Cursor.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            w.Array(scan.Names.Count);
            foreach (var name in scan.Names) w.Bulk(name);
        });
    }

    private void Reply(ReplyBody body) => body.WriteTo(output, scope.Client.IsResp3);
}
