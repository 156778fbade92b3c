using Microsoft.AspNetCore.Http.Features;
using TokMesh.Gateway.Json;

namespace TokMesh.Gateway.Requests;

// The request's body. It is read when the operation asks for it: by then the caller is known and everything else of the request was in order.
internal sealed partial class Exchange
{
    private const int QuickBytes = 16 << 10;

    /// <summary>Reads the body to its end; a refusal when it is not well formed.</summary>
    public async ValueTask<(Refusal? Unreadable, T Body)> ReadAsync<T>()
        where T : struct, IRequestBody<T>
    {
        var limit = Traits.MaxBodyBytes;
        if (http.Request.ContentLength > limit) return (Refusal.TooLarge(limit), default);
        // The body, and what is made of it. One whose length is not said is counted as it comes.
        if (!TryHold(2 * (http.Request.ContentLength ?? 0))) return (Refusal.Busy(this), default);
        // An application's server may allow less. Where it allows more, what is beyond is left to it to throw away: had it to refuse it, it would
        // reset the connection, and the client might never see why.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size && size.MaxRequestBodySize < limit) size.MaxRequestBodySize = limit;
        var reader = http.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            if ((read.Buffer.Length > limit ? Refusal.TooLarge(limit) : TryHold(2 * read.Buffer.Length) ? null : Refusal.Busy(this)) is { } refusal)
            {
                reader.AdvanceTo(read.Buffer.End);
                return (refusal, default);
            }
            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }
            // A large one is read by nobody who must get back to a socket.
            if (read.Buffer.Length > QuickBytes) await Task.Yield();
            var broken = T.TryRead(read.Buffer, out var body);
            reader.AdvanceTo(read.Buffer.End);
            return (broken is null ? null : Refusal.Of(broken), body);
        }
    }
}

/// <summary>
/// What an endpoint's body looks like, for the API's description. The framework's own metadata for this would refuse requests by their
/// Content-Type, which has never mattered here.
/// </summary>
internal sealed record BodyDescription(Type Type, bool IsOptional);
