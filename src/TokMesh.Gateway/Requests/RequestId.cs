using System.Buffers.Text;
using Microsoft.Extensions.Primitives;

namespace TokMesh.Gateway.Requests;

/// <summary>The name of a request: the client's, if it is printable and short, else one made here (<c>req-</c> and 22 characters).</summary>
internal static class RequestId
{
    public const string Header = "X-Request-ID";
    private const int MaxLength = 128;

    public static string Of(StringValues sent) =>
        sent is [{ Length: >= 1 and <= MaxLength } id] && !id.AsSpan().ContainsAnyExceptInRange('!', '~') ? id : New();

    // A request id is a name, not a secret: the fast generator will do.
    private static string New() => string.Create(26, 0, static (text, _) =>
    {
        Span<byte> random = stackalloc byte[16];
        Random.Shared.NextBytes(random);
        "req-".CopyTo(text);
        Base64Url.EncodeToChars(random, text[4..]);
    });
}
