using TokMesh.Redis.Commands;
using TokMesh.Redis.Protocol;
using TokMesh.State.Keys;

namespace TokMesh.Redis.Keys;

/// <summary>Options of SET (https://redis.io/commands/set) and GETEX (https://redis.io/commands/getex).</summary>
internal struct SetOptions
{
    public SetFlags Flags;
    public ExpiryMode Mode;
    public long ExpiryMs;

    /// <summary>Reads the words from <paramref name="from"/> on; the error to answer if they do not fit together.</summary>
    public static string? Read(in Request request, int from, CommandSpec command, out SetOptions options)
    {
        options = default;
        var set = command.Id == Command.Set;
        var time = -1;
        var seconds = false;
        // The option that gave the expiry: it may come again, another may not.
        var kind = Kind.None;
        for (var i = from; i < request.Count; i++)
        {
            var word = request[i];
            if (set && Words.Is(word, "nx"u8) && (options.Flags & SetFlags.IfPresent) == 0) options.Flags |= SetFlags.IfAbsent;
            else if (set && Words.Is(word, "xx"u8) && (options.Flags & SetFlags.IfAbsent) == 0) options.Flags |= SetFlags.IfPresent;
            else if (set && Words.Is(word, "get"u8)) options.Flags |= SetFlags.GetOld;
            else if (KindOf(word, set) is var found and not Kind.None && (kind == Kind.None || kind == found))
            {
                kind = found;
                if (kind == Kind.Keep) continue;
                if (++i == request.Count) return ErrorReplies.Syntax;
                time = i;
                seconds = kind is Kind.Ex or Kind.ExAt;
            }
            else return ErrorReplies.Syntax;
        }
        options.Mode = kind switch
        {
            Kind.Ex or Kind.Px => ExpiryMode.Relative,
            Kind.ExAt or Kind.PxAt => ExpiryMode.Absolute,
            Kind.Keep => ExpiryMode.KeepOrPersist,
            _ => ExpiryMode.None,
        };
        return time < 0 ? null : ExpireArgument.ReadPositive(request[time], seconds, command, out options.ExpiryMs);
    }

    private static Kind KindOf(ReadOnlySpan<byte> word, bool set) =>
        Words.Is(word, "ex"u8) ? Kind.Ex
        : Words.Is(word, "px"u8) ? Kind.Px
        : Words.Is(word, "exat"u8) ? Kind.ExAt
        : Words.Is(word, "pxat"u8) ? Kind.PxAt
        : Words.Is(word, set ? "keepttl"u8 : "persist"u8) ? Kind.Keep
        : Kind.None;

    private enum Kind : byte
    {
        None,
        Ex,
        Px,
        ExAt,
        PxAt,
        Keep,
    }
}
