using System.Buffers;
using TokMesh.State.Ids;
using TokMesh.State.Wire;

namespace TokMesh.State.Names;

/// <summary>How far a pointer is.</summary>
public enum NameState : byte
{
    /// <summary>Held for a create that may or may not come.</summary>
    Reserved = 1,

    /// <summary>The session was created.</summary>
    Confirmed = 2,
}

/// <summary>What has become of the session behind a pointer, as its user's shard says in the log.</summary>
public enum Resolution : byte
{
    /// <summary>It lives: the pointer is right; confirm it.</summary>
    Live = 1,

    /// <summary>It does not live and can never come to life under this reservation: the pointer may go.</summary>
    Dead = 2,

    /// <summary>The create may still arrive. Ask again after <see cref="NamePointer.NotAfterMs"/>.</summary>
    TooEarly = 3,
}

/// <summary>
/// The pointer that a name's own shard N holds when the session lives in another shard U, its user's.
/// <para>
/// A session is named by its id, its token and its user. Generated ids and tokens are drawn so that all three fall into one
/// shard; a dictated one may not, and then its shard N must still guard the name (one live session per name in the whole
/// cluster) and lead to the record. No two shards ever change together, so it takes steps:
/// </para>
/// <list type="number">
/// <item>Coordinator → N: <c>Reserve(name, r, session, user, notAfter)</c>, <c>r</c> fresh and random. N refuses if a local live
/// session owns the name (4090) or another reservation holds it (the pointer is the reply).</item>
/// <item>Coordinator → U: <c>Create(…, foreign, r, notAfter)</c>. In one entry U creates the session, notes r on it and puts
/// "confirm name" into its outbox. An entry later than notAfter refuses.</item>
/// <item>U's leader → N: <c>Confirm(name, r)</c>, then → U: <c>OutboxDone</c>.</item>
/// <item>The session ends. Its tombstone keeps r; when it lapses or is pushed out, U puts "release name" into its outbox;
/// U's leader → N: <c>Release(name, r)</c>, then → U: <c>OutboxDone</c>.</item>
/// </list>
/// <para>
/// Every step is idempotent, and acts on N only while r itself holds the name. A crash at any step is repaired from what the
/// logs hold:
/// </para>
/// <list type="bullet">
/// <item>After 1, no create: the pointer stays Reserved. N's leader finds it past notAfter
/// (<c>UnconfirmedNames</c>) and asks U <c>Resolve</c>. U's entry time only grows, so once it is past notAfter a
/// session that is not there can never be created under r: Dead, and N's leader releases r. The same when the create was
/// refused and the coordinator died before releasing. A coordinator whose create was refused may release r at once, because
/// a copy of the create has the same operation id and is answered from memory; it must never send the create again as a new
/// operation under the same r. One that does not know whether its create happened must not release: the repair does.</item>
/// <item>After 2, before 3: the outbox item is in U's log and snapshot; the leader of U does it. Should N's repair come first,
/// Resolve says Live and it confirms.</item>
/// <item>Between Confirm or Release and OutboxDone: done again, to no effect.</item>
/// <item>Before 4's release: the name leads to a dead session, whose shard answers expired or revoked as it should. Who
/// wants the name sooner resolves the pointer, hears Dead, and reserves with <c>replaces: r</c>; the old release then finds
/// another holder and does nothing.</item>
/// <item>A Reserve or Create repeated late by the network is past its notAfter and refused; a Reserve repeated early leaves a
/// Reserved pointer for the first repair above.</item>
/// </list>
/// <para>
/// Why Dead waits for notAfter even when a tombstone shows that the session lived and died: until then a second copy of the
/// create could bring the same reservation to life again.
/// </para>
/// </summary>
/// <param name="Name">The name held.</param>
/// <param name="Reservation">The reservation that holds it: 16 random bytes.</param>
/// <param name="Session">The session it leads to.</param>
/// <param name="UserId">UTF-8; its shard is where the session lives.</param>
/// <param name="State">How far it is.</param>
/// <param name="NotAfterMs">The entry time (Unix ms) after which the create is refused.</param>
public sealed record NamePointer(
    Name Name, UInt128 Reservation, SessionId Session, ReadOnlyMemory<byte> UserId, NameState State, long NotAfterMs)
{
    /// <summary>
    /// How far ahead of the entry time the limit of a create may be, in milliseconds: ten seconds, which creates ask for, and what clocks
    /// may differ by. The limit is told by the clock of the node that asks, and nobody may have judged that clock yet: without a bound one
    /// that is a year ahead would hold the name for a year.
    /// </summary>
    public const int MostReservedMs = 12_000;

    internal void Write(IBufferWriter<byte> output)
    {
        Name.Write(output);
        output.WriteUInt128(Reservation);
        output.WriteUInt128(Session.Ulid.Value);
        output.WriteByte((byte)State);
        output.WriteInt64(NotAfterMs);
        output.WriteBytes(UserId.Span);
    }

    internal static NamePointer Read(ref WireReader reader)
    {
        var name = Name.Read(ref reader);
        var reservation = reader.UInt128();
        var session = new SessionId(new Ulid(reader.UInt128()));
        var state = (NameState)reader.Byte();
        var notAfter = reader.Int64();
        var user = reader.Bytes().ToArray();
        if (state is not (NameState.Reserved or NameState.Confirmed)) reader.Fail();
        return new NamePointer(name, reservation, session, user, state, notAfter);
    }
}
