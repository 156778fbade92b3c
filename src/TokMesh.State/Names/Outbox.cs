using TokMesh.State.Ids;

namespace TokMesh.State.Names;

/// <summary>The name work a shard has still to get done in other shards, oldest first.</summary>
internal sealed class Outbox
{
    private readonly SortedDictionary<ulong, OutboxItem> _items = [];

    /// <summary>The id of the latest item ever made.</summary>
    public ulong LastId { get; set; }

    public int Count => _items.Count;

    public SortedDictionary<ulong, OutboxItem>.ValueCollection Items => _items.Values;

    public void Add(OutboxAction action, UInt128 session, TokenHash token, ForeignNames names)
    {
        if (names.Id) Add(action, Name.Of(new SessionId(new Ulid(session))), names.Reservation);
        if (names.Token) Add(action, Name.Of(token), names.Reservation);
    }

    public void Restore(in OutboxItem item) => _items.Add(item.Id, item);

    public bool Remove(ulong id) => _items.Remove(id);

    private void Add(OutboxAction action, Name name, UInt128 reservation)
        => Restore(new OutboxItem(++LastId, action, name, reservation));
}
