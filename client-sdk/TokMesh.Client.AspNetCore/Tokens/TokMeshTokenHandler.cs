using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace TokMesh.Client.AspNetCore;

/// <summary>
/// Authenticates <c>Authorization: Bearer token</c> by asking the store. A token that is not valid ends in 401 and says no more than invalid
/// or expired; a store that does not answer ends in 503, since nothing is known about the token then.
/// </summary>
public sealed partial class TokMeshTokenHandler(IOptionsMonitor<TokMeshTokenOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ITokMeshClient client)
    : AuthenticationHandler<TokMeshTokenOptions>(options, loggers, encoder)
{
    private const string Bearer = "Bearer ";
    private TokenStatus? _notValid;
    private bool _noAnswer;

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers.Authorization is not [{ } authorization] || !authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return AuthenticateResult.NoResult();
        try
        {
            var call = new CallOptions { Consistency = Options.Consistency };
            var validation = await client.Sessions.ValidateAsync(authorization[Bearer.Length..].Trim(), Options.Touch, call, Context.RequestAborted);
            if (validation.IsValid) return AuthenticateResult.Success(TicketOf(validation.Session));
            _notValid = validation.Status;
            return AuthenticateResult.Fail(Description(validation.Status));
        }
        catch (TokMeshException e)
        {
            _noAnswer = true;
            LogNoAnswer(Logger, e.Code, e.Outcome);
            return AuthenticateResult.Fail(e);
        }
    }

    /// <inheritdoc/>
    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (_noAnswer)
        {
            Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            Response.Headers.RetryAfter = "1";
            return Task.CompletedTask;
        }
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.Append("WWW-Authenticate", _notValid is { } status ? $"Bearer error=\"invalid_token\", error_description=\"{Description(status)}\"" : "Bearer");
        return Task.CompletedTask;
    }

    // That a token was revoked is nobody's business who holds it.
    private static string Description(TokenStatus status) => status == TokenStatus.Expired ? "The token has expired" : "The token is invalid";

    private AuthenticationTicket TicketOf(Session session)
    {
        var identity = new ClaimsIdentity(
        [
            new Claim(ClaimTypes.NameIdentifier, session.UserId),
            new Claim(ClaimTypes.Name, session.UserId),
            new Claim(TokMeshTokenDefaults.SessionClaim, session.Id),
        ], Scheme.Name);
        Options.AddClaims?.Invoke(session, identity);
        return new AuthenticationTicket(new ClaimsPrincipal(identity), new AuthenticationProperties { ExpiresUtc = session.ExpiresAt }, Scheme.Name);
    }

    [LoggerMessage(7101, LogLevel.Error, "A token could not be validated: {Code}, {Outcome}")]
    private static partial void LogNoAnswer(ILogger log, string code, TokMeshOutcome outcome);
}
