using System.IO.Pipelines;
using System.Text;
using TokMesh.Cluster.Auth;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;
using TokMesh.Redis.Server;
using TokMesh.State.Errors;

namespace TokMesh.Redis.Connections;

/// <summary>
/// AUTH (https://redis.io/commands/auth) and HELLO (https://redis.io/commands/hello). Credentials are <c>key_id key_secret</c>,
/// <c>key_id:key_secret</c>, or <c>default key_id:key_secret</c>.
/// </summary>
internal sealed class LoginCommands(CommandScope scope, PipeWriter output)
{
    private const int PenaltyMs = 1000;
    private const string Format = "ERR invalid AUTH format: use AUTH <key_id> <key_secret> or AUTH <key_id>:<key_secret>";

    public async ValueTask<bool> AuthAsync(byte[][] words)
    {
        if (words.Length > 3) return Error(ErrorReplies.Syntax);
        if (words.Length == 2 && !words[1].AsSpan().Contains((byte)':')) return Error(Format);
        var (error, stay) = await LoginAsync(words.Length == 2 ? [] : words[1], words[^1]);
        if (error is not null) Error(error);
        else ((ReplyBody)((ref RespWriter w) => w.Ok())).WriteTo(output, scope.Client.IsResp3);
        return stay;
    }

    public async ValueTask<bool> HelloAsync(byte[][] words)
    {
        var client = scope.Client;
        var resp3 = client.IsResp3;
        if (words.Length > 1)
        {
            if (!RedisInteger.TryParse(words[1], out var version)) return Error("ERR Protocol version is not an integer or out of range");
            if (version is < 2 or > 3) return Error("NOPROTO unsupported protocol version");
            resp3 = version == 3;
        }
        for (var i = 2; i < words.Length; i++)
        {
            if (Words.Is(words[i], "auth"u8) && i + 2 < words.Length)
            {
                var (error, stay) = await LoginAsync(words[i + 1], words[i + 2]);
                if (error is not null)
                {
                    Error(error);
                    return stay;
                }
                i += 2;
            }
            else if (Words.Is(words[i], "setname"u8) && i + 1 < words.Length)
            {
                if (ClientCommands.TrySetName(client, words[++i]) is { } problem) return Error(problem);
            }
            else return Error($"ERR Syntax error in HELLO option '{ErrorReplies.Quote(words[i])}'");
        }
        if (!client.IsAuthenticated)
            return Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time");
        client.IsResp3 = resp3;
        ((ReplyBody)Greet).WriteTo(output, resp3);
        return true;
    }

    private void Greet(ref RespWriter writer)
    {
        writer.Map(7);
        writer.Bulk("server"u8);
        writer.Bulk("redis"u8);
        writer.Bulk("version"u8);
        writer.Bulk(InfoText.RedisVersion);
        writer.Bulk("proto"u8);
        writer.Integer(writer.IsResp3 ? 3 : 2);
        writer.Bulk("id"u8);
        writer.Integer(scope.Client.Id);
        writer.Bulk("mode"u8);
        writer.Bulk("standalone"u8);
        writer.Bulk("role"u8);
        writer.Bulk("master"u8);
        writer.Bulk("modules"u8);
        writer.Array(0);
    }

    /// <summary>Checks credentials. An address that failed too often waits, and is disconnected when it fails again.</summary>
    private async ValueTask<(string? Error, bool Stay)> LoginAsync(byte[] user, byte[] password)
    {
        var frontEnd = scope.FrontEnd;
        var address = scope.Client.Remote?.Address;
        var slowed = frontEnd.FailedLogins.TooMany(address, frontEnd.Node.NowMs);
        if (slowed) await Task.Delay(PenaltyMs);
        // Milliseconds of hashing: elsewhere, so that no other connection waits for it.
        var identity = await Task.Run(() => Check(user, password));
        if (identity.Key is not null)
        {
            scope.Client.Authenticated(identity.Id);
            return (null, true);
        }
        if (identity.Error == ErrorCode.SysUnavailable) return (ErrorReplies.BadCredentials(identity.Error), true);
        frontEnd.FailedLogins.Add(address, frontEnd.Node.NowMs);
        return (ErrorReplies.BadCredentials(identity.Error), !slowed);
    }

    private Identity Check(byte[] user, byte[] password)
    {
        // Ids and secrets are ASCII: what is not becomes characters that no id or secret has.
        var secret = Encoding.Latin1.GetString(password);
        var whole = user.Length == 0 || Words.Is(user, "default"u8);
        return whole ? scope.FrontEnd.Authenticator.Authenticate(secret) : scope.FrontEnd.Authenticator.Authenticate(Encoding.Latin1.GetString(user), secret);
    }

    private bool Error(string text)
    {
        ((ReplyBody)((ref RespWriter w) => w.Error(text))).WriteTo(output, scope.Client.IsResp3);
        return true;
    }
}
