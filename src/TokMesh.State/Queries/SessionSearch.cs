using System.Buffers;
using TokMesh.State.Ids;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Queries;

/// <summary>Which sessions a search shows. On the wire: numbers may only grow.</summary>
public enum SearchStatus : byte
{
    /// <summary>Those that live.</summary>
    Active = 0,

    /// <summary>Those that have expired and are not yet swept.</summary>
    Expired = 1,
}

/// <summary>What a search sorts by. On the wire: numbers may only grow.</summary>
public enum SearchSort : byte
{
    /// <summary>created_at.</summary>
    CreatedAt = 0,

    /// <summary>last_active.</summary>
    LastActive = 1,
}

/// <summary>
/// A search of one shard. Filters that are set must all hold. Reply: SessionList, the number of all
/// matches and the first <see cref="Limit"/> in order, which a front end merges with other shards' by <see cref="Compare"/>.
/// </summary>
public sealed class SessionSearch
{
    internal const int HasUser = 1, HasDevice = 2, HasKey = 4, HasIp = 8, HasFrom = 16, HasBefore = 32, HasActive = 64;

    /// <summary>Exact, UTF-8. With it only the user's sessions are looked at, without it the whole shard.</summary>
    public ReadOnlyMemory<byte>? UserId { get; init; }

    /// <summary>Exact, UTF-8.</summary>
    public ReadOnlyMemory<byte>? DeviceId { get; init; }

    /// <summary>created_by.</summary>
    public ApiKeyId? KeyId { get; init; }

    /// <summary>Block of last_access_ip, or of ip_address where that is empty (<see cref="IpBytes.TryParseBlock"/>).</summary>
    public (ReadOnlyMemory<byte> Ip, int PrefixBits)? IpBlock { get; init; }

    /// <summary>created_at at or after, Unix ms.</summary>
    public long? CreatedFromMs { get; init; }

    /// <summary>created_at before, Unix ms.</summary>
    public long? CreatedBeforeMs { get; init; }

    /// <summary>last_active at or after, Unix ms.</summary>
    public long? ActiveAfterMs { get; init; }

    /// <summary>Live or expired.</summary>
    public SearchStatus Status { get; init; }

    /// <summary>The order.</summary>
    public SearchSort SortBy { get; init; }

    /// <summary>Newest first, the default.</summary>
    public bool Descending { get; init; } = true;

    /// <summary>How many to return: page × size.</summary>
    public int Limit { get; init; } = 20;

    /// <summary>Writes the query.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        output.WriteByte((byte)QueryCode.Search);
        output.WriteByte((byte)((UserId is null ? 0 : HasUser) | (DeviceId is null ? 0 : HasDevice) | (KeyId is null ? 0 : HasKey)
            | (IpBlock is null ? 0 : HasIp) | (CreatedFromMs is null ? 0 : HasFrom) | (CreatedBeforeMs is null ? 0 : HasBefore)
            | (ActiveAfterMs is null ? 0 : HasActive)));
        output.WriteByte((byte)Status);
        output.WriteByte((byte)SortBy);
        output.WriteByte((byte)(Descending ? 1 : 0));
        output.WriteVarint((ulong)Math.Max(0, Limit));
        if (UserId is { } user) output.WriteBytes(user.Span);
        if (DeviceId is { } device) output.WriteBytes(device.Span);
        if (KeyId is { } key) output.WriteUInt128(key.Ulid.Value);
        if (IpBlock is { } block)
        {
            output.WriteBytes(block.Ip.Span);
            output.WriteVarint((ulong)block.PrefixBits);
        }
        if (CreatedFromMs is { } from) output.WriteInt64(from);
        if (CreatedBeforeMs is { } before) output.WriteInt64(before);
        if (ActiveAfterMs is { } active) output.WriteInt64(active);
    }

    /// <summary>The order of results: by the sort key, equal ones by id, the whole reversed when descending.</summary>
    public static int Compare(in SessionView a, in SessionView b, SearchSort sortBy, bool descending)
    {
        var order = sortBy == SearchSort.CreatedAt ? a.CreatedAt.CompareTo(b.CreatedAt) : a.LastActive.CompareTo(b.LastActive);
        if (order == 0) order = a.Id.CompareTo(b.Id);
        return descending ? -order : order;
    }
}

/// <summary>A decoded <see cref="SessionSearch"/>.</summary>
internal ref struct SearchForm
{
    public int Filters, PrefixBits, Limit;
    public SearchStatus Status;
    public SearchSort SortBy;
    public bool Descending;
    public ReadOnlySpan<byte> UserId, DeviceId, Ip;
    public UInt128 KeyId;
    public long CreatedFrom, CreatedBefore, ActiveAfter;

    public readonly bool Has(int filter) => (Filters & filter) != 0;

    public static SearchForm Read(ref WireReader reader)
    {
        var form = new SearchForm
        {
            Filters = reader.Byte(),
            Status = (SearchStatus)reader.Byte(),
            SortBy = (SearchSort)reader.Byte(),
            Descending = reader.Byte() != 0,
            Limit = (int)Math.Min(reader.Varint(), 1 << 24),
        };
        if (form.Has(SessionSearch.HasUser))
            form.UserId = reader.Bytes();
        if (form.Has(SessionSearch.HasDevice))
            form.DeviceId = reader.Bytes();
        if (form.Has(SessionSearch.HasKey))
            form.KeyId = reader.UInt128();
        if (form.Has(SessionSearch.HasIp))
        {
            form.Ip = reader.Ip();
            form.PrefixBits = (int)Math.Min(reader.Varint(), 129);
        }
        if (form.Has(SessionSearch.HasFrom))
            form.CreatedFrom = reader.Int64();
        if (form.Has(SessionSearch.HasBefore))
            form.CreatedBefore = reader.Int64();
        if (form.Has(SessionSearch.HasActive))
            form.ActiveAfter = reader.Int64();
        if (form.Filters > 127 || form.Status > SearchStatus.Expired || form.SortBy > SearchSort.LastActive
            || form.PrefixBits > form.Ip.Length * 8)
            reader.Fail();
        return form;
    }
}
