using TokMesh.Redis.Commands;
using TokMesh.Redis.Protocol;

namespace TokMesh.Redis.Keys;

/// <summary>Times in commands: Redis's <c>getExpireMillisecondsOrReply</c>.</summary>
internal static class ExpireArgument
{
    /// <summary>A time that must be positive, in milliseconds; the error to answer otherwise.</summary>
    public static string? ReadPositive(ReadOnlySpan<byte> word, bool seconds, CommandSpec command, out long ms)
    {
        if (!RedisInteger.TryParse(word, out ms)) return ErrorReplies.NotAnInteger;
        if (ms <= 0 || (seconds && ms > long.MaxValue / 1000)) return ErrorReplies.InvalidExpire(command);
        if (seconds) ms *= 1000;
        return null;
    }

    /// <summary>A time that may be negative, in milliseconds; the error to answer otherwise.</summary>
    public static string? Read(ReadOnlySpan<byte> word, bool seconds, CommandSpec command, out long ms)
    {
        if (!RedisInteger.TryParse(word, out ms)) return ErrorReplies.NotAnInteger;
        if (!seconds) return null;
        if (ms is > long.MaxValue / 1000 or < long.MinValue / 1000) return ErrorReplies.InvalidExpire(command);
        ms *= 1000;
        return null;
    }
}
