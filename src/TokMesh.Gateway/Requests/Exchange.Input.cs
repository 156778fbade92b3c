using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using TokMesh.Cluster.Limits;
using TokMesh.State.Errors;
using TokMesh.State.Ids;

namespace TokMesh.Gateway.Requests;

/// <summary>Reads a body; null when it is well formed.</summary>
internal delegate RuleViolation? BodyParser<T>(in ReadOnlySequence<byte> body, out T value);

// What an operation reads of its request: the body and the variable part of the path.
internal sealed partial class Exchange
{
    private long _heldBody;

    /// <summary>Reads the whole body with a parser. False when the exchange has been failed.</summary>
    public async ValueTask<(bool Ok, T Value)> ReadBodyAsync<T>(BodyParser<T> parse)
    {
        var limit = operation!.MaxBodyBytes;
        if (http.Request.ContentLength > limit)
        {
            FailTooLarge();
            return default;
        }
        // The body, and what is made of it. One whose length is not said is counted as it comes.
        if (!TryHold(2 * (http.Request.ContentLength ?? 0))) return default;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = limit;
        var reader = http.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            if (!TryHold(2 * read.Buffer.Length))
            {
                reader.AdvanceTo(read.Buffer.End);
                return default;
            }
            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }
            var broken = parse(read.Buffer, out var value);
            reader.AdvanceTo(read.Buffer.End);
            if (broken is null) return (true, value);
            Fail(broken);
            return default;
        }
    }

    /// <summary>Counts what the request holds; false, and the exchange failed, when all connections together hold too much.</summary>
    private bool TryHold(long bytes)
    {
        var more = Math.Max(0, bytes - HeldBytes.FreeBytes) - _heldBody;
        if (more <= 0) return true;
        if (!frontEnd.Held.TryTake(more))
        {
            FailBusy();
            return false;
        }
        _heldBody += more;
        return true;
    }

    /// <summary>
    /// The decoded bytes of a path segment, counted from the end. Taken from the request as it was sent, because the server's own
    /// decoding leaves <c>%2F</c> as it is, which cannot be told from an encoded percent sign afterwards. Null when the path is
    /// written in a way that does not allow it; the exchange has then been failed.
    /// </summary>
    public byte[]? PathBytes(int fromEnd)
    {
        var segments = PathSegments.Of(http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        // Dot segments were taken out before routing: what was routed would not be what is read here.
        if (segments.Count == PathSegments.Of(http.Request.PathBase + http.Request.Path).Count
            && PathSegments.TryDecode(segments.FromEnd(fromEnd), out var bytes)) return bytes;
        Fail(ErrorCode.ArgumentInvalid, "path: percent-encode every character of the name that is not a letter, a digit, '-', '_', '.' or '~'");
        return null;
    }

    /// <summary>The session id in the path. False when it is not one; the exchange has then been failed.</summary>
    public bool TrySessionId(int fromEnd, out SessionId id)
    {
        id = default;
        if (PathBytes(fromEnd) is not { } bytes) return false;
        if (SessionId.TryParse(bytes, out id)) return true;
        Fail(ErrorCode.ArgumentInvalid, "session_id: not a session id (tmss- and 26 characters)");
        return false;
    }
}
