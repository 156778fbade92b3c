using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace TokMesh.Client.AspNetCore;

/// <summary>Whose session a cookie leads to once the session it names is gone.</summary>
/// <param name="Holder">The session it leads to; null for none.</param>
/// <param name="Heir">The session of somebody who is signing in over the cookie: it leads there once the one before was ended for it.</param>
/// <param name="Version">Of the key that says so; 0 when there is none.</param>
internal sealed record Succession(string? Holder, string? Heir, ulong Version)
{
    /// <summary>Who has to go when the cookie is signed out.</summary>
    public IEnumerable<string> Sessions => new[] { Holder, Heir }.OfType<string>();
}

/// <summary>
/// The keys <c>aspnet/tickets/{id}/next</c>, protected: <c>holder</c>, or <c>holder heir</c>, where the holder may be empty. They are
/// made for an absent key with an heir alone, which nobody follows, and changed and deleted by version only: a late write changes nothing.
/// </summary>
internal sealed class Successions(ITokMeshClient client, IDataProtector protector)
{
    private static readonly CallOptions Fresh = new() { Consistency = Consistency.Linearizable };

    public async Task<Succession> ReadAsync(string key)
    {
        if (await client.Keys.GetAsync(NameOf(key), Fresh) is not { } entry) return new Succession(null, null, 0);
        try
        {
            var sessions = Encoding.UTF8.GetString(protector.Unprotect(entry.Value.ToArray())).Split(' ', 2);
            return new Succession(NotEmpty(sessions[0]), sessions.Length > 1 ? NotEmpty(sessions[1]) : null, entry.Version);
        }
        catch (CryptographicException)
        {
            // Of keys that are gone: it leads nowhere.
            return new Succession(null, null, entry.Version);
        }
    }

    /// <summary>Replaces what was read; false when it is another by now.</summary>
    public async Task<bool> TryWriteAsync(string key, Succession succession, TimeSpan ttl)
    {
        var text = succession.Heir is null ? succession.Holder : $"{succession.Holder} {succession.Heir}";
        return (await client.Keys.SetAsync(NameOf(key), protector.Protect(Encoding.UTF8.GetBytes(text!)), ttl, succession.Version)).Written;
    }

    /// <summary>Deletes what was read; false when it is another by now, or it is not known whether it is gone.</summary>
    public async Task<bool> TryDeleteAsync(string key, Succession succession)
    {
        try
        {
            return (await client.Keys.DeleteAsync(NameOf(key), succession.Version)).Status == DeleteStatus.Deleted;
        }
        catch (TokMeshException e) when (e.Outcome == TokMeshOutcome.Unknown)
        {
            return false;
        }
    }

    private static string NameOf(string key) => TokMeshTicketStore.KeyOf(key) + "/next";

    private static string? NotEmpty(string text) => text.Length > 0 ? text : null;
}
