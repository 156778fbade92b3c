using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.Redis.Protocol;
using TokMesh.State.Errors;

namespace TokMesh.Redis.Commands;

/// <summary>The texts of errors: Redis 7.0's own where it has one, else <c>ERR code message</c>.</summary>
internal static class ErrorReplies
{
    public const string Syntax = "ERR syntax error";
    public const string NotAnInteger = "ERR value is not an integer or out of range";
    public const string NoAuth = "NOAUTH Authentication required.";
    public const string UnknownOutcome = "outcome unknown: it may have happened, in whole or in part; read before you repeat it";

    /// <summary>What the connections hold leaves no room for the reply; the command was not executed.</summary>
    public const string NoRoom = "TRYAGAIN " + Full;

    /// <summary>Nor for the rest of a command that has come in part; the connection is closed.</summary>
    public const string NoRoomForCommand = "ERR " + Full + "; connect again after a moment";

    private const string Full = $"{Codes.TooManyRequests} the connections of this node hold as much memory as they may; nothing happened";

    /// <summary>Redis's word for a server that is not ready yet.</summary>
    private const string Starting = $"LOADING {Codes.Unavailable} this node has not caught up with the cluster yet; try again";
    private const int MaxQuoted = 128;

    public static string Arity(string command) => $"ERR wrong number of arguments for '{command}' command";

    public static string InvalidExpire(CommandSpec command) => $"ERR invalid expire time in '{command.Name}' command";

    public static string UnknownSubcommand(ReadOnlySpan<byte> subcommand, CommandSpec command) =>
        $"ERR unknown subcommand '{Quote(subcommand)}'. Try {command.Name.ToUpperInvariant()} HELP.";

    public static string Forbidden(string what) => $"NOPERM {ErrorCode.AuthForbidden.ToText()} the API key's role may not {what}";

    /// <summary>Bad credentials, or a node that cannot judge them yet. Client libraries look for the first word.</summary>
    public static string BadCredentials(ErrorCode code) => code switch
    {
        ErrorCode.SysUnavailable => Starting,
        ErrorCode.AuthDisabled => $"WRONGPASS {code.ToText()} {code.Message()}",
        _ => $"WRONGPASS {ErrorCode.AuthInvalid.ToText()} invalid username-password pair or user is disabled.",
    };

    /// <summary>A key that was good when the client authenticated, and is not any more.</summary>
    public static string KeyLost(ErrorCode code) => code == ErrorCode.SysUnavailable ? Starting : $"NOAUTH {code.ToText()} {code.Message()}";

    public static string Of(ErrorCode code, string detail) => $"ERR {code.ToText()} {detail}";

    public static string Of(RuleViolation violation) => Of(violation.Code, violation.Message);

    /// <summary>Why a call did not bring what was asked for.</summary>
    /// <param name="reply">How it ended.</param>
    /// <param name="command">Of the client; the shard does not know which of several it serves.</param>
    public static string Of(StoreReply reply, CommandSpec? command = null)
    {
        if (reply.Error == ErrorCode.KeyInvalidExpire && command is not null) return InvalidExpire(command);
        return reply.Verdict switch
        {
            Verdict.Unknown => Of(reply.Error, UnknownOutcome),
            Verdict.NotExecuted => $"TRYAGAIN {reply.Error.ToText()} {reply.Detail}",
            _ when IsRedisOwn(reply.Error) => $"ERR {reply.Detail}",
            _ => Of(reply.Error, reply.Detail),
        };
    }

    /// <summary>The command's name and its arguments, cut as Redis cuts them.</summary>
    public static byte[] UnknownCommand(in Request request)
    {
        var text = new List<byte>(256);
        text.AddRange("ERR unknown command '"u8);
        text.AddRange(CText(request[0], MaxQuoted));
        text.AddRange("', with args beginning with: "u8);
        var start = text.Count;
        for (var i = 1; i < request.Count && text.Count - start < MaxQuoted; i++)
        {
            var room = MaxQuoted - (text.Count - start);
            text.Add((byte)'\'');
            text.AddRange(CText(request[i], room));
            text.AddRange("' "u8);
        }
        return [.. text];
    }

    /// <summary>What the client sent, as text.</summary>
    public static string Quote(ReadOnlySpan<byte> word) => Encoding.UTF8.GetString(CText(word, MaxQuoted));

    /// <summary>Of plain keys Redis has words of its own, without a code.</summary>
    private static bool IsRedisOwn(ErrorCode code) => code is ErrorCode.KeyNotAnInteger or ErrorCode.KeyOverflow or ErrorCode.KeySyntax
        or ErrorCode.KeyInvalidExpire or ErrorCode.KeyTooLong or ErrorCode.KeyVersionConflict;

    /// <summary>Redis prints C strings: up to the first zero byte.</summary>
    private static ReadOnlySpan<byte> CText(ReadOnlySpan<byte> word, int most)
    {
        var end = word.IndexOf((byte)0);
        if (end >= 0) word = word[..end];
        return word.Length > most ? word[..most] : word;
    }
}
