namespace TokMesh.Client;

/// <summary>A session as it is stored. It does not hold its token.</summary>
public sealed record Session
{
    /// <summary>The id, <c>tmss-…</c>. Not a secret.</summary>
    public required string Id { get; init; }

    /// <summary>Whose session.</summary>
    public required string UserId { get; init; }

    /// <summary>On which device; empty for none.</summary>
    public string DeviceId { get; init; } = "";

    /// <summary>The address it was created from; empty when unknown.</summary>
    public string IpAddress { get; init; } = "";

    /// <summary>What created it.</summary>
    public string UserAgent { get; init; } = "";

    /// <summary>The address of the last validation with touch, at first the creation's.</summary>
    public string LastAccessIp { get; init; } = "";

    /// <summary>The user agent of the last validation with touch, at first the creation's.</summary>
    public string LastAccessUserAgent { get; init; } = "";

    /// <summary>Id of the API key that made it; empty when made inside the cluster.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was last touched; a crash of the store may lose the last second of it.</summary>
    public required DateTimeOffset LastActive { get; init; }

    /// <summary>1 at creation, one more with each update and renewal.</summary>
    public required ulong Version { get; init; }

    /// <summary>What the application keeps in it.</summary>
    public IReadOnlyDictionary<string, string> Data { get; init; } = new Dictionary<string, string>();

    /// <summary>The id: nothing of the user gets into logs by accident.</summary>
    public override string ToString() => Id;
}
