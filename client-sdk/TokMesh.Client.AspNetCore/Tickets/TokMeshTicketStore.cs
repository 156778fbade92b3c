using System.Security.Claims;
using System.Security.Cryptography;
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
        _time = time;
    }

    /// <summary>Makes a session for the ticket's principal, named by its NameIdentifier or else its Name.</summary>
    /// <exception cref="InvalidOperationException">The principal has neither.</exception>
    /// <exception cref="TokMeshException">The store refused it, as when the user has too many sessions, or did not answer.</exception>
    public async Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        var user = ticket.Principal.FindFirstValue(ClaimTypes.NameIdentifier) ?? ticket.Principal.Identity?.Name
            ?? throw new InvalidOperationException("A ticket without a NameIdentifier or Name claim has no user whose session it could be. Add one at sign-in.");
        var bytes = Protect(ticket);
        var fits = TicketPieces.Fit(bytes.Length);
        var ttl = TtlOf(ticket);
        var session = await _client.Sessions.CreateAsync(new NewSession
        {
            UserId = user,
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
            await _client.Sessions.RevokeAsync(session.Id);
            throw;
        }
        return session.Id;
    }

    /// <summary>Keeps a changed ticket and gives the session its new life span. A session that is gone stays gone.</summary>
    /// <exception cref="TokMeshException">The store did not answer.</exception>
    public async Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        var ttl = TtlOf(ticket);
        // The ticket first: it counts only once the session's version says that there is one.
        await _client.Keys.SetAsync(KeyOf(key), Protect(ticket), ttl);
        if (await _client.Sessions.RenewAsync(key, ttl) is null) await _client.Keys.DeleteAsync(KeyOf(key));
    }

    /// <summary>The ticket, if its session lives.</summary>
    /// <exception cref="TokMeshException">The store did not answer.</exception>
    public async Task<AuthenticationTicket?> RetrieveAsync(string key)
    {
        if (await _client.Sessions.GetAsync(key, Fresh) is not { } session) return null;
        var bytes = session.Version == NeverRenewed ? TicketPieces.Join(session.Data) : null;
        bytes ??= (await _client.Keys.GetAsync(KeyOf(key), Fresh))?.Value.ToArray() ?? TicketPieces.Join(session.Data);
        if (bytes is null || Unprotect(bytes) is not { } ticket) return null;
        if (ticket.Properties.ExpiresUtc is not { } expires || expires > session.ExpiresAt) ticket.Properties.ExpiresUtc = session.ExpiresAt;
        return ticket;
    }

    /// <summary>Revokes the session: from when this returns, its cookie is refused everywhere.</summary>
    /// <exception cref="TokMeshException">The store did not answer: the session may still live.</exception>
    public async Task RemoveAsync(string key)
    {
        await _client.Sessions.RevokeAsync(key);
        try
        {
            await _client.Keys.DeleteAsync(KeyOf(key));
        }
        catch (TokMeshException)
        {
            // Without its session nobody reads it, and it ends with its life span.
        }
    }

    private static string KeyOf(string sessionId) => "aspnet/tickets/" + sessionId;

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
