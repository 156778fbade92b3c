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
/// <para>
/// When another user signs in over a live cookie, ASP.NET Core goes on with the cookie's session id. A session cannot change hands: the
/// new user gets one of his own, the old one is revoked, and <c>aspnet/tickets/{id}/next</c> leads there.
/// </para>
/// <para>
/// A sign-out wins over everything that is under way with its cookie. Renewals are tied to the version of the session they found, so that
/// they change nothing once it is gone. A change of hands takes three steps: the new session is noted as heir, which nobody follows; the
/// old one is revoked, and the store says whether it was this call that ended it; only then, and only if the note is still there, the heir
/// becomes the holder. A sign-out revokes the cookie's session first, then all that the note names, and deletes the note as it was read. So
/// either it finds the heir, or the heir's step finds the old session ended by somebody else or the note gone, and comes to nothing.
/// </para>
/// </summary>
public sealed class TokMeshTicketStore : ITicketStore
{
    private const string Purpose = "TokMesh.Client.AspNetCore.Tickets.v1";
    private const ulong NeverRenewed = 1;
    private const int Tries = 20;

    /// <summary>In a ticket that was read here: of which session. It travels with the ticket through the application, and is not stored.</summary>
    private const string OriginItem = ".tokmesh.session";
    private static readonly CallOptions Fresh = new() { Consistency = Consistency.Linearizable };
    private static readonly TimeSpan UsualTtl = TimeSpan.FromDays(14);
    private static readonly TimeSpan ShortestTtl = TimeSpan.FromSeconds(1);
    private readonly ITokMeshClient _client;
    private readonly IDataProtector _protector;
    private readonly Successions _successions;
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
        _successions = new Successions(client, protection.CreateProtector(Purpose, "next"));
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
    /// was removed or revoked stays so, also when that happens meanwhile.
    /// </summary>
    /// <exception cref="TokMeshException">The store did not answer, or others renewed the session again and again.</exception>
    public async Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        var user = UserOf(ticket);
        for (var n = 1; n <= Tries; n++)
        {
            var (session, succession) = await FindAsync(key);
            // A ticket that was read from another session is of a request that was overtaken: who has signed in since stays.
            if (session is null || (OriginOf(ticket) is { } origin && origin != session.Id)) return;
            var done = session.UserId == user
                ? await TryRenewAsync(key, session, succession, ticket)
                : await TryHandOverAsync(key, session, succession, ticket);
            if (done) return;
        }
        throw new TokMeshException(TokMeshErrorCode.SessionVersionConflict,
            $"Others changed the session {Tries} times in a row; the ticket was not kept. Try again.", TokMeshOutcome.NotExecuted);
    }

    /// <summary>The ticket, if its session lives.</summary>
    /// <exception cref="TokMeshException">The store did not answer.</exception>
    public async Task<AuthenticationTicket?> RetrieveAsync(string key)
    {
        if ((await FindAsync(key)).Session is not { } session) return null;
        var bytes = session.Version == NeverRenewed ? TicketPieces.Join(session.Data) : null;
        bytes ??= (await _client.Keys.GetAsync(KeyOf(session.Id), Fresh))?.Value.ToArray() ?? TicketPieces.Join(session.Data);
        if (bytes is null || Unprotect(bytes) is not { } ticket) return null;
        if (ticket.Properties.ExpiresUtc is not { } expires || expires > session.ExpiresAt) ticket.Properties.ExpiresUtc = session.ExpiresAt;
        ticket.Properties.Items[OriginItem] = session.Id;
        return ticket;
    }

    /// <summary>Revokes the session: from when this returns, its cookie is refused everywhere.</summary>
    /// <exception cref="TokMeshException">The store did not answer: the session may still live.</exception>
    public async Task RemoveAsync(string key)
    {
        await _client.Sessions.RevokeAsync(key);
        // After that: what is noted later finds the cookie's session gone.
        var ended = new List<string> { key };
        for (var n = 1; ; n++)
        {
            var succession = await _successions.ReadAsync(key);
            foreach (var session in succession.Sessions)
            {
                await _client.Sessions.RevokeAsync(session);
                ended.Add(session);
            }
            if (succession.Version == 0 || await _successions.TryDeleteAsync(key, succession)) break;
            if (n == Tries)
                throw new TokMeshException(TokMeshErrorCode.Timeout, $"Others changed whose cookie it is {Tries} times in a row: it may still be valid. Try again.", TokMeshOutcome.Unknown);
        }
        // Without their sessions nobody reads them, and they end with their life span.
        foreach (var session in ended.Distinct()) await TryAsync(() => _client.Keys.DeleteAsync(KeyOf(session)));
    }

    internal static string KeyOf(string sessionId) => "aspnet/tickets/" + sessionId;

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

    /// <summary>The session that a cookie's id leads to, if it lives; with the note that led there, if it is not the one that the cookie names.</summary>
    private async Task<(Session? Session, Succession? Succession)> FindAsync(string key)
    {
        if (await _client.Sessions.GetAsync(key, Fresh) is { } named) return (named, null);
        var succession = await _successions.ReadAsync(key);
        return (succession.Holder is { } holder ? await _client.Sessions.GetAsync(holder, Fresh) : null, succession);
    }

    /// <summary>False when the session or its ticket has changed since it was read.</summary>
    private async Task<bool> TryRenewAsync(string key, Session session, Succession? succession, AuthenticationTicket ticket)
    {
        var ttl = TtlOf(ticket);
        var kept = await _client.Keys.GetAsync(KeyOf(session.Id), Fresh);
        // The ticket first: it counts only once the session's version says that there is one.
        var written = await _client.Keys.SetAsync(KeyOf(session.Id), Protect(ticket), ttl, kept?.Version ?? 0);
        if (!written.Written) return false;
        if (succession is not null && !await _successions.TryWriteAsync(key, succession, ttl)) return false;
        var renewed = await _client.Sessions.RenewIfAsync(session.Id, session.Version, ttl);
        // Nobody reads a ticket without its session.
        if (renewed.Status == ConditionalStatus.NotFound) await TryAsync(() => _client.Keys.DeleteAsync(KeyOf(session.Id), written.Version));
        return renewed.Status != ConditionalStatus.Conflict;
    }

    /// <summary>False when the session has changed, or was ended by somebody else, since it was read: the new one is gone again.</summary>
    private async Task<bool> TryHandOverAsync(string key, Session session, Succession? succession, AuthenticationTicket ticket)
    {
        var heir = await StoreAsync(ticket);
        var kept = false;
        try
        {
            var ttl = TtlOf(ticket);
            succession ??= await _successions.ReadAsync(key);
            if (!await _successions.TryWriteAsync(key, succession with { Heir = heir }, ttl)) return false;
            var ended = await _client.Sessions.RevokeIfAsync(session.Id, session.Version);
            if (ended.Status != ConditionalStatus.Done) return false;
            kept = await TrySucceedAsync(key, heir, ttl);
            return true;
        }
        finally
        {
            // Should this fail as well: nobody follows an heir.
            if (!kept) await TryAsync(() => _client.Sessions.RevokeAsync(heir));
        }
    }

    /// <summary>Makes the heir the holder, as long as it is noted; false when a sign-out, or another who signs in, has taken the note away.</summary>
    private async Task<bool> TrySucceedAsync(string key, string heir, TimeSpan ttl)
    {
        for (var n = 1; n <= Tries; n++)
        {
            var noted = await _successions.ReadAsync(key);
            if (noted.Heir != heir) return false;
            if (await _successions.TryWriteAsync(key, noted with { Holder = heir, Heir = null }, ttl)) return true;
        }
        return false;
    }

    private static string? OriginOf(AuthenticationTicket ticket) => ticket.Properties.Items.TryGetValue(OriginItem, out var origin) ? origin : null;

    private byte[] Protect(AuthenticationTicket ticket)
    {
        var stored = ticket.Clone();
        stored.Properties.Items.Remove(OriginItem);
        return _protector.Protect(TicketSerializer.Default.Serialize(stored));
    }

    private AuthenticationTicket? Unprotect(byte[] bytes)
    {
        try
        {
            return TicketSerializer.Default.Deserialize(_protector.Unprotect(bytes));
        }
        catch (CryptographicException)
        {
            // Keys that are gone, or another application's: the user must sign in again.
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
