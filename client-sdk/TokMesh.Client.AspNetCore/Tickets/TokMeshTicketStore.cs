using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;

namespace TokMesh.Client.AspNetCore;

/// <summary>
/// Cookie tickets as sessions: the cookie holds the session's id only. Every request asks the store, linearizably, whether the session
/// lives, so that a sign-out, or a revocation by anybody, holds at once in every process. When the store does not answer, the request fails:
/// nobody is let in on old knowledge.
/// <para>
/// A ticket is protected with Data Protection before it leaves the process. A small one is part of its session's data; one that is
/// larger, or was renewed (data of a session does not change), is under <c>aspnet/tickets/{id}</c> with the session's life span.
/// </para>
/// <para>
/// When another user signs in over a live cookie, ASP.NET Core goes on with the cookie's session id. A session cannot change hands: the
/// new user gets one of his own, <c>aspnet/tickets/{id}/next</c> leads there, and the old one is revoked.
/// </para>
/// </summary>
public sealed class TokMeshTicketStore : ITicketStore
{
    private const string Purpose = "TokMesh.Client.AspNetCore.Tickets.v1";
    private const ulong NeverRenewed = 1;
    private static readonly CallOptions Fresh = new() { Consistency = Consistency.Linearizable };
    private static readonly TimeSpan UsualTtl = TimeSpan.FromDays(14);
    private static readonly TimeSpan ShortestTtl = TimeSpan.FromSeconds(1);
    private readonly ITokMeshClient _client;
    private readonly IDataProtector _protector;
    private readonly IDataProtector _nextProtector;
    private readonly TimeProvider _time;

    /// <summary>A store over a client.</summary>
    /// <param name="client">The cluster.</param>
    /// <param name="protection">Must share its keys with the other processes of the application.</param>
    /// <param name="time">Time.</param>
    public TokMeshTicketStore(ITokMeshClient client, IDataProtectionProvider protection, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(protection);
        ArgumentNullException.ThrowIfNull(time);
        _client = client;
        _protector = protection.CreateProtector(Purpose);
        _nextProtector = protection.CreateProtector(Purpose, "next");
        _time = time;
    }

    /// <summary>Makes a session for the ticket's principal, named by its NameIdentifier or else its Name.</summary>
    /// <exception cref="InvalidOperationException">The principal has neither.</exception>
    /// <exception cref="TokMeshException">The store refused it, as when the user has too many sessions, or did not answer.</exception>
    public async Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        var bytes = Protect(ticket);
        var fits = TicketPieces.Fit(bytes.Length);
        var ttl = TtlOf(ticket);
        var session = await _client.Sessions.CreateAsync(new NewSession
        {
            UserId = UserOf(ticket),
            Ttl = ttl,
            Data = fits ? TicketPieces.Split(bytes) : TicketPieces.UnderKey(),
        });
        if (fits) return session.Id;
        try
        {
            await _client.Keys.SetAsync(KeyOf(session.Id), bytes, ttl);
        }
        catch
        {
            // Nobody has its id yet: without a ticket it only counts against the quota.
            await TryAsync(() => _client.Sessions.RevokeAsync(session.Id));
            throw;
        }
        return session.Id;
    }

    /// <summary>
    /// Keeps a changed ticket and gives the session its new life span; or makes the ticket's user a session, if it is another user's. What
    /// was revoked meanwhile stays so: this cannot be told from a request that was under way.
    /// </summary>
    /// <exception cref="TokMeshException">The store did not answer.</exception>
    public async Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        if (await LiveAsync(key) is not { } session) return;
        var ttl = TtlOf(ticket);
        if (session.UserId != UserOf(ticket))
        {
            // The way to the new session counts only once the old one is gone.
            await SetNextAsync(key, await StoreAsync(ticket), ttl);
            await _client.Sessions.RevokeAsync(session.Id);
            return;
        }
        // The ticket first: it counts only once the session's version says that there is one.
        await _client.Keys.SetAsync(KeyOf(session.Id), Protect(ticket), ttl);
        if (session.Id != key) await SetNextAsync(key, session.Id, ttl);
        if (await _client.Sessions.RenewAsync(session.Id, ttl) is null) await _client.Keys.DeleteAsync(KeyOf(session.Id));
    }

    /// <summary>The ticket, if its session lives.</summary>
    /// <exception cref="TokMeshException">The store did not answer.</exception>
    public async Task<AuthenticationTicket?> RetrieveAsync(string key)
    {
        if (await LiveAsync(key) is not { } session) return null;
        var bytes = session.Version == NeverRenewed ? TicketPieces.Join(session.Data) : null;
        bytes ??= (await _client.Keys.GetAsync(KeyOf(session.Id), Fresh))?.Value.ToArray() ?? TicketPieces.Join(session.Data);
        if (bytes is null || Unprotect(bytes) is not { } ticket) return null;
        if (ticket.Properties.ExpiresUtc is not { } expires || expires > session.ExpiresAt) ticket.Properties.ExpiresUtc = session.ExpiresAt;
        return ticket;
    }

    /// <summary>Revokes the session: from when this returns, its cookie is refused everywhere.</summary>
    /// <exception cref="TokMeshException">The store did not answer: the session may still live.</exception>
    public async Task RemoveAsync(string key)
    {
        var next = await NextAsync(key);
        await _client.Sessions.RevokeAsync(key);
        if (next is not null) await _client.Sessions.RevokeAsync(next);
        // Without their sessions nobody reads them, and they end with their life span.
        await TryAsync(() => _client.Keys.DeleteAsync(KeyOf(next ?? key)));
        if (next is not null) await TryAsync(() => _client.Keys.DeleteAsync(NextKeyOf(key)));
    }

    private static string KeyOf(string sessionId) => "aspnet/tickets/" + sessionId;

    private static string NextKeyOf(string sessionId) => KeyOf(sessionId) + "/next";

    private static string UserOf(AuthenticationTicket ticket) => ticket.Principal.FindFirstValue(ClaimTypes.NameIdentifier) ?? ticket.Principal.Identity?.Name
        ?? throw new InvalidOperationException("A ticket without a NameIdentifier or Name claim has no user whose session it could be. Add one at sign-in.");

    private static async Task TryAsync(Func<Task> tidying)
    {
        try
        {
            await tidying();
        }
        catch (TokMeshException)
        {
            // What is not tidied up now ends by itself.
        }
    }

    /// <summary>The session that a cookie's id leads to, if it lives.</summary>
    private async Task<Session?> LiveAsync(string key)
    {
        if (await _client.Sessions.GetAsync(key, Fresh) is { } session) return session;
        return await NextAsync(key) is { } next ? await _client.Sessions.GetAsync(next, Fresh) : null;
    }

    private async Task<string?> NextAsync(string key)
    {
        if (await _client.Keys.GetAsync(NextKeyOf(key), Fresh) is not { } entry) return null;
        try
        {
            return Encoding.UTF8.GetString(_nextProtector.Unprotect(entry.Value.ToArray()));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private async Task SetNextAsync(string key, string next, TimeSpan ttl) => await _client.Keys.SetAsync(NextKeyOf(key), _nextProtector.Protect(Encoding.UTF8.GetBytes(next)), ttl);

    private byte[] Protect(AuthenticationTicket ticket) => _protector.Protect(TicketSerializer.Default.Serialize(ticket));

    private AuthenticationTicket? Unprotect(byte[] bytes)
    {
        try
        {
            return TicketSerializer.Default.Deserialize(_protector.Unprotect(bytes));
        }
        catch (CryptographicException)
        {
            // Keys that are gone, or another application's: whoever it is must sign in again.
            return null;
        }
    }

    private TimeSpan TtlOf(AuthenticationTicket ticket)
    {
        if (ticket.Properties.ExpiresUtc is not { } expires) return UsualTtl;
        var ttl = expires - _time.GetUtcNow();
        return ttl < ShortestTtl ? ShortestTtl : ttl;
    }
}
