namespace TokMesh.Client;

/// <summary>Which sessions of a user to list.</summary>
public sealed record SessionQuery
{
    /// <summary>Most sessions of a page.</summary>
    public const int MaxPageSize = 100;

    /// <summary>Whose sessions.</summary>
    public required string UserId { get; init; }

    /// <summary>Only those of one device.</summary>
    public string? DeviceId { get; init; }

    /// <summary>Whether to sort by last activity instead of creation.</summary>
    public bool ByLastActive { get; init; }

    /// <summary>Whether the oldest come first.</summary>
    public bool Ascending { get; init; }

    /// <summary>The page, from 1.</summary>
    public int Page { get; init; } = 1;

    /// <summary>Sessions of a page, 1 to 100.</summary>
    public int PageSize { get; init; } = 20;

    internal void Check()
    {
        ArgumentException.ThrowIfNullOrEmpty(UserId);
        TextArgument.Check("user_id", UserId);
        TextArgument.Check("device_id", DeviceId);
        ArgumentOutOfRangeException.ThrowIfLessThan(Page, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(PageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(PageSize, MaxPageSize);
    }
}

/// <summary>A page of sessions.</summary>
/// <param name="Items">The sessions of this page.</param>
/// <param name="Total">All that match.</param>
public sealed record SessionPage(IReadOnlyList<Session> Items, long Total);
