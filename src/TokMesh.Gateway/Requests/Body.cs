using System.Buffers;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using TokMesh.Gateway.Json;

namespace TokMesh.Gateway.Requests;

/// <summary>
/// A request's body. It is read when the handler asks for it: by then the caller is known and everything else of the request was in order.
/// </summary>
internal sealed class Body<T>(HttpContext http) : IEndpointParameterMetadataProvider
    where T : struct, IRequestBody<T>
{
    private const int QuickBytes = 16 << 10;
    private T _value;

    /// <summary>What it says, once it was read.</summary>
    public T Value => _value;

    /// <summary>How handlers get it.</summary>
    public static ValueTask<Body<T>> BindAsync(HttpContext http) => new(new Body<T>(http));

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) => builder.Metadata.Add(new BodyDescription(typeof(T), T.IsOptional));

    /// <summary>Reads it to its end; null when it is well formed.</summary>
    public async ValueTask<Refusal?> ReadAsync()
    {
        var exchange = Exchange.Of(http);
        var limit = exchange.Traits.MaxBodyBytes;
        if (http.Request.ContentLength > limit) return Refusal.TooLarge(limit);
        // The body, and what is made of it. One whose length is not said is counted as it comes.
        if (!exchange.TryHold(2 * (http.Request.ContentLength ?? 0))) return Refusal.Busy(exchange);
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = limit;
        var reader = http.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            if (!exchange.TryHold(2 * read.Buffer.Length))
            {
                reader.AdvanceTo(read.Buffer.End);
                return Refusal.Busy(exchange);
            }
            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }
            // A large one is read by nobody who must get back to a socket.
            if (read.Buffer.Length > QuickBytes) await Task.Yield();
            var broken = T.TryRead(read.Buffer, out _value);
            reader.AdvanceTo(read.Buffer.End);
            return broken is null ? null : Refusal.Of(broken);
        }
    }
}

/// <summary>
/// What an endpoint's body looks like, for the API's description. The framework's own metadata for this would refuse requests by their
/// Content-Type, which has never mattered here.
/// </summary>
internal sealed record BodyDescription(Type Type, bool IsOptional);
