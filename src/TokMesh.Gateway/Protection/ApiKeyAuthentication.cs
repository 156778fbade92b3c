using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Protection;

/// <summary>
/// The authentication schemes of API keys, for endpoints of the front end and pages it guards alone. The principal names the key by its
/// public id; challenges and refusals are the contract's errors, in its envelope.
/// </summary>
internal sealed class ApiKeyAuthentication : IAuthenticationHandler
{
    /// <summary>Keys as programs show them.</summary>
    public const string Scheme = "TokMesh.ApiKey";

    /// <summary>Keys as browsers show them, too, for pages of another program.</summary>
    public const string PageScheme = "TokMesh.Pages";

    private HttpContext _http = null!;
    private bool _isPage;

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        (_http, _isPage) = (context, scheme.Name == PageScheme);
        return Task.CompletedTask;
    }

    // An application may have made this its default scheme.
    public Task<AuthenticateResult> AuthenticateAsync() =>
        _http.GetEndpoint()?.Metadata.GetMetadata<OperationTraits>() is { IsOpen: false } ? KeyCheck.RunAsync(Exchange.Of(_http), _isPage) : KeyCheck.NotNeeded;

    public Task ChallengeAsync(AuthenticationProperties? properties) => SendRefusalAsync();

    public Task ForbidAsync(AuthenticationProperties? properties) => SendRefusalAsync();

    private Task SendRefusalAsync() => (Exchange.Of(_http).Refusal ?? Refusal.Of(ErrorCode.AuthMissing)).ExecuteAsync(_http);
}
