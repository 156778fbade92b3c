using TokMesh.Linearizability;
using TokMesh.State.Ids;

namespace TokMesh.Simulation.Clients;

/// <summary>One attempt to create a session; its device id, which no other attempt has, names it in every reply.</summary>
internal sealed class Birth
{
    public required string Tag { get; init; }

    public required string User { get; init; }

    /// <summary>Dictated or told by the reply; null of a drawn one whose create was not answered.</summary>
    public SessionId? Id { get; set; }

    public string? Token { get; set; }

    public required long TtlMs { get; init; }

    public required long Invoked { get; init; }

    /// <summary><see cref="Operation.Never"/> while it is not known whether it happened.</summary>
    public long Returned { get; set; } = Operation.Never;

    public bool IsCertain => Returned != Operation.Never;

    /// <summary>What may have ended it, and what certainly did (with an answer).</summary>
    public List<(long Invoked, long Returned)> Deaths { get; } = [];

    /// <summary>Whether it had certainly lived and ended before. What was under way while it was created may have come too early.</summary>
    public bool WasDeadBy(long us) => Deaths.Any(d => d.Invoked >= Returned && d.Returned < us);

    /// <summary>From when on it may be dead.</summary>
    public long LivesUntil => Deaths.Select(d => d.Invoked).DefaultIfEmpty(Operation.Never).Min();
}

/// <summary>
/// What the clients were told, as registers: every birth is one, "live" after its create, absent after its end. Whoever saw a name
/// lead to one birth saw every other birth of that name absent.
/// </summary>
internal sealed class SessionHistory
{
    /// <summary>Clocks of leaders differ, and stamps never go back: an expiry is seen this much early or late.</summary>
    private const long ExpirySlackUs = 500_000;

    private readonly List<Birth> _births = [];
    private readonly List<(string? User, SessionId? Id, bool Found, long Invoked, long Returned)> _revokes = [];
    private readonly List<(string? Token, SessionId? Id, string? Tag, long Invoked, long Returned)> _sightings = [];
    private readonly List<(string User, List<string> Tags, long Invoked, long Returned)> _lists = [];

    public IReadOnlyList<Birth> Births => _births;

    public void Born(Birth birth) => _births.Add(birth);

    public void Disproved(Birth birth) => _births.Remove(birth);

    public void RevokedUser(string user, long invoked, long returned) => _revokes.Add((user, null, true, invoked, returned));

    /// <summary>A revoke by id that found a live session, or of which no answer came.</summary>
    public void Revoked(SessionId id, long invoked, long returned) => _revokes.Add((null, id, true, invoked, returned));

    /// <summary>A token or an id led to the birth of this tag, or to nothing.</summary>
    public void Saw(string? token, SessionId? id, string? tag, long invoked, long returned) =>
        _sightings.Add((token, id, tag, invoked, returned));

    /// <summary>These are all sessions that a user was said to have.</summary>
    public void SawUser(string user, List<string> tags, long invoked, long returned) => _lists.Add((user, tags, invoked, returned));

    /// <summary>Works out what may have ended which session. Once, when the history is complete.</summary>
    public void Close()
    {
        foreach (var birth in _births)
        {
            if (birth.TtlMs >= 100_000) continue;
            birth.Deaths.Add((birth.Invoked + birth.TtlMs * 1000 - ExpirySlackUs,
                birth.IsCertain ? birth.Returned + birth.TtlMs * 1000 + ExpirySlackUs : Operation.Never));
        }
        foreach (var revoke in _revokes.OrderBy(r => r.Returned))
        {
            var concerned = _births.Where(b => (revoke.User is null ? b.Id == revoke.Id : b.User == revoke.User)
                && b.Invoked < revoke.Returned && !b.WasDeadBy(revoke.Invoked)).ToArray();
            // Of several that may have held a dictated id one was ended, and nobody can say which.
            var isCertain = revoke.User is not null || concerned.Length == 1;
            foreach (var birth in concerned) birth.Deaths.Add((revoke.Invoked, isCertain ? revoke.Returned : Operation.Never));
        }
    }

    /// <summary>The registers' history for the checker.</summary>
    public List<Operation> ToOperations()
    {
        var operations = new List<Operation>();
        foreach (var birth in _births)
        {
            operations.Add(new Operation(0, birth.Tag, OperationKind.Write, "live", birth.Invoked, birth.Returned));
            foreach (var (invoked, returned) in birth.Deaths)
                operations.Add(new Operation(0, birth.Tag, OperationKind.Write, null, invoked, returned));
        }
        foreach (var seen in _sightings)
        {
            foreach (var birth in _births)
            {
                if (birth.Invoked >= seen.Returned || (seen.Token is null ? birth.Id != seen.Id : birth.Token != seen.Token)) continue;
                operations.Add(new Operation(1, birth.Tag, OperationKind.Read, birth.Tag == seen.Tag ? "live" : null, seen.Invoked, seen.Returned));
            }
            if (seen.Tag is not null && _births.All(b => b.Tag != seen.Tag))
                throw new InvalidOperationException($"Session {seen.Tag} was seen, but its create was refused.");
        }
        foreach (var (user, tags, invoked, returned) in _lists)
        {
            foreach (var birth in _births)
            {
                if (birth.User != user || birth.Invoked >= returned) continue;
                operations.Add(new Operation(2, birth.Tag, OperationKind.Read, tags.Contains(birth.Tag) ? "live" : null, invoked, returned));
            }
        }
        return operations;
    }

    /// <summary>The first moment at which more sessions certainly lived than may, among those of one group; null for none.</summary>
    public string? Exceeds(Func<Birth, string?> group, int most)
    {
        foreach (var births in _births.Where(b => b.IsCertain).GroupBy(group))
        {
            if (births.Key is null) continue;
            foreach (var birth in births)
            {
                var at = birth.Returned;
                var living = births.Where(b => b.Returned <= at && b.LivesUntil > at).ToArray();
                if (living.Length > most) return $"{births.Key} at {at} us: {string.Join(", ", living.Select(b => $"{b.Tag} [{b.Invoked}, {b.Returned}]"))}";
            }
        }
        return null;
    }
}
