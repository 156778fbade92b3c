using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Sessions;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.FrontEnd;
using TokMesh.Redis.Keys;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.Redis.Sessions;

/// <summary>Commands on sessions that take several steps.</summary>
internal sealed class SessionSteps(CommandScope scope, PipeWriter output)
{
    /// <summary>Most session keys of one DEL.</summary>
    private const int MaxDeletedSessions = 1000;

    private RedisFrontEnd FrontEnd => scope.FrontEnd;

    /// <summary>
    /// SET id json [EX seconds | PX milliseconds]: with a token it creates, without one it updates. The token of a session cannot be
    /// changed.
    /// </summary>
    public async ValueTask SetAsync(byte[][] words)
    {
        if (!SessionId.TryParse(words[1], out var id))
        {
            Error(ErrorReplies.Of(ErrorCode.ArgumentInvalid, SessionCommands.MalformedId));
            return;
        }
        SessionBody body = new();
        var problem = ReadTtl(words, out var ttlMs);
        problem ??= SessionBody.Read(words[2], out body);
        if (problem is not null) Error(problem);
        else if (body.Token is null) await UpdateAsync(id, body, ttlMs);
        else await CreateAsync(id, body, ttlMs);
    }

    /// <summary>TM.CREATE id json [TTL seconds].</summary>
    public async ValueTask CreateAsync(byte[][] words)
    {
        if (!SessionId.TryParse(words[1], out var id))
        {
            Error(ErrorReplies.Of(ErrorCode.ArgumentInvalid, SessionCommands.MalformedId));
            return;
        }
        SessionBody body = new();
        long? ttlMs = null;
        if (ReadCreate(words, ref body, ref ttlMs) is { } problem)
        {
            Error(problem);
            return;
        }
        var (reply, token) = await FrontEnd.Sessions.CreateAsync(NewSession(id, body, null, ttlMs), scope.Client.Caller(scope.DeadlineMs));
        if (!reply.IsOk) Error(ErrorReplies.Of(reply));
        else Bulk(CreatedJson(reply, token));
    }

    /// <summary>TM.REVOKE_USER user_id.</summary>
    public async ValueTask RevokeUserAsync(byte[][] words)
    {
        if (TextRules.Read("user_id", words[1], out var user) is { } broken)
        {
            Error(ErrorReplies.Of(broken));
            return;
        }
        var reply = await FrontEnd.Sessions.RevokeUserAsync(user, scope.Client.Caller(scope.DeadlineMs));
        if (reply.IsOk) Integer(new ReplyReader(reply.Body.Span).Integer());
        else Error(ErrorReplies.Of(reply));
    }

    /// <summary>DEL, UNLINK of several keys with sessions among them.</summary>
    public ValueTask DelAsync(byte[][] words) => CountAsync(words, writes: true);

    /// <summary>EXISTS of several keys with sessions among them.</summary>
    public ValueTask ExistsAsync(byte[][] words) => CountAsync(words, writes: false);

    private async ValueTask CountAsync(byte[][] words, bool writes)
    {
        var sessions = new List<SessionId>();
        var plain = new Dictionary<uint, List<byte[]>>();
        foreach (var key in words.AsSpan(1))
        {
            if (!SessionKeys.Is(key))
            {
                var group = scope.GroupOf(key);
                if (!plain.TryGetValue(group, out var keys)) plain.Add(group, keys = []);
                keys.Add(key);
            }
            else if (SessionId.TryParse(key, out var id)) sessions.Add(id);
            else
            {
                Error(ErrorReplies.Of(ErrorCode.ArgumentInvalid, SessionCommands.MalformedId));
                return;
            }
        }
        if (writes && sessions.Count > MaxDeletedSessions)
        {
            Error(ErrorReplies.Of(ErrorCode.SessionQuotaExceeded, $"{sessions.Count} sessions in one command, allowed are {MaxDeletedSessions}: send them in batches"));
            return;
        }
        var caller = scope.Client.Caller(scope.DeadlineMs);
        var asked = new List<Task<StoreReply>>(plain.Count);
        foreach (var (group, keys) in plain) asked.Add(AskAsync(group, keys, writes));
        var (total, error) = writes ? await FrontEnd.Sessions.RevokeManyAsync(sessions, caller) : await FrontEnd.Sessions.ExistAsync(sessions, caller);
        // Part of it may have happened, also where several shards had sessions.
        var partly = sessions.Count > 1 || (sessions.Count > 0 && error is null);
        foreach (var reply in await Task.WhenAll(asked))
        {
            partly |= reply.Verdict is Verdict.Done or Verdict.ReplyLost or Verdict.Unknown;
            if (reply.IsOk) total += new ReplyReader(reply.Body.Span).Integer();
            else error ??= reply;
        }
        if (error is not { } failure) Integer(total);
        else if (writes && partly) Error(ErrorReplies.Of(ErrorCode.ClusterTimeout, ErrorReplies.UnknownOutcome));
        else Error(ErrorReplies.Of(failure));
    }

    private Task<StoreReply> AskAsync(uint group, List<byte[]> keys, bool writes) => writes
        ? FrontEnd.Store.WriteAsync(group, b => Write(b, keys, true), scope.DeadlineMs).AsTask()
        : FrontEnd.Store.ReadAsync(group, b => Write(b, keys, false), scope.Client.Consistency, scope.DeadlineMs).AsTask();

    private static void Write(IBufferWriter<byte> output, List<byte[]> keys, bool del)
    {
        if (del) KeyOps.Del(output, keys.Count);
        else QueryForms.Exists(output, keys.Count);
        foreach (var key in keys) KeyOps.KeyItem(output, key);
    }

    private async ValueTask UpdateAsync(SessionId id, SessionBody body, long? ttlMs)
    {
        if ((body.Check() ?? (ttlMs is { } ms ? FrontEnd.Sessions.Limits.CheckTtl(ms) : null)) is { } broken)
        {
            Error(ErrorReplies.Of(broken));
            return;
        }
        var update = new UpdateSession
        {
            Id = id,
            DeviceId = body.EncodeDevice(),
            Data = body.EncodeData(),
            TtlMs = ttlMs,
            ExpectedUserId = body.EncodeUser(),
        };
        var reply = await FrontEnd.Sessions.UpdateAsync(update, scope.Client.Caller(scope.DeadlineMs));
        if (reply.IsOk) Ok();
        else if (reply.Error is ErrorCode.SessionNotFound or ErrorCode.SessionExpired)
            Error(ErrorReplies.Of(ErrorCode.ArgumentMissing, "token is required to create a session; there is no session of this id"));
        else Error(ErrorReplies.Of(reply));
    }

    private async ValueTask CreateAsync(SessionId id, SessionBody body, long? ttlMs)
    {
        var (reply, _) = await FrontEnd.Sessions.CreateAsync(NewSession(id, body, body.Token, ttlMs), scope.Client.Caller(scope.DeadlineMs));
        if (reply.IsOk) Ok();
        else if (reply.Error == ErrorCode.SessionIdConflict)
            Error(ErrorReplies.Of(reply.Error, "the session exists; its token cannot be changed"));
        else Error(ErrorReplies.Of(reply));
    }

    private static NewSession NewSession(SessionId id, SessionBody body, string? token, long? ttlMs) => new()
    {
        Id = id,
        Token = token,
        UserId = body.UserId,
        DeviceId = body.DeviceId,
        Data = body.Data,
        TtlMs = ttlMs,
    };

    private static string? ReadTtl(byte[][] words, out long? ttlMs)
    {
        ttlMs = null;
        if (words.Length == 3) return null;
        var seconds = Words.Is(words[3], "ex"u8);
        if (words.Length != 5 || !(seconds || Words.Is(words[3], "px"u8))) return ErrorReplies.Syntax;
        var error = ExpireArgument.Read(words[4], seconds, CommandTable.Find("set"u8)!, out var ms);
        ttlMs = ms;
        return error;
    }

    private static string? ReadCreate(byte[][] words, ref SessionBody body, ref long? ttlMs)
    {
        if (words.Length > 3)
        {
            if (words.Length != 5 || !Words.Is(words[3], "ttl"u8)) return ErrorReplies.Syntax;
            if (ExpireArgument.Read(words[4], seconds: true, CommandTable.Find("tm.create"u8)!, out var ms) is { } error) return error;
            ttlMs = ms;
        }
        // A token in the JSON is ignored, like every other field: TM.CREATE draws it.
        return SessionBody.Read(words[2], out body);
    }

    private static byte[] CreatedJson(StoreReply reply, string token)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        SessionJson.WriteCreated(json, new ReplyReader(reply.Body.Span).Session(), token);
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private void Ok() => Reply((ref RespWriter w) => w.Ok());

    private void Integer(long value) => Reply((ref RespWriter w) => w.Integer(value));

    private void Bulk(byte[] value) => Reply((ref RespWriter w) => w.Bulk(value));

    private void Error(string text) => Reply((ref RespWriter w) => w.Error(text));

    private void Reply(ReplyBody body) => body.WriteTo(output, scope.Client.IsResp3);
}
