namespace TokMesh.Client.Orleans;

/// <summary>A <see cref="Session"/> between silos; times are Unix milliseconds.</summary>
[GenerateSerializer, Immutable, Alias("TokMesh.Session")]
public sealed class SessionWire
{
    /// <summary>As in <see cref="Session.Id"/>.</summary>
    [Id(0)]
    public required string Id { get; init; }

    /// <summary>As in <see cref="Session.UserId"/>.</summary>
    [Id(1)]
    public required string UserId { get; init; }

    /// <summary>As in <see cref="Session.DeviceId"/>.</summary>
    [Id(2)]
    public string DeviceId { get; init; } = "";

    /// <summary>As in <see cref="Session.IpAddress"/>.</summary>
    [Id(3)]
    public string IpAddress { get; init; } = "";

    /// <summary>As in <see cref="Session.UserAgent"/>.</summary>
    [Id(4)]
    public string UserAgent { get; init; } = "";

    /// <summary>As in <see cref="Session.LastAccessIp"/>.</summary>
    [Id(5)]
    public string LastAccessIp { get; init; } = "";

    /// <summary>As in <see cref="Session.LastAccessUserAgent"/>.</summary>
    [Id(6)]
    public string LastAccessUserAgent { get; init; } = "";

    /// <summary>As in <see cref="Session.CreatedBy"/>.</summary>
    [Id(7)]
    public string CreatedBy { get; init; } = "";

    /// <summary>As in <see cref="Session.CreatedAt"/>.</summary>
    [Id(8)]
    public long CreatedAtMs { get; init; }

    /// <summary>As in <see cref="Session.ExpiresAt"/>.</summary>
    [Id(9)]
    public long ExpiresAtMs { get; init; }

    /// <summary>As in <see cref="Session.LastActive"/>.</summary>
    [Id(10)]
    public long LastActiveMs { get; init; }

    /// <summary>As in <see cref="Session.Version"/>.</summary>
    [Id(11)]
    public ulong Version { get; init; }

    /// <summary>As in <see cref="Session.Data"/>.</summary>
    [Id(12)]
    public Dictionary<string, string> Data { get; init; } = [];

    internal Session ToSession() => new()
    {
        Id = Id,
        UserId = UserId,
        DeviceId = DeviceId,
        IpAddress = IpAddress,
        UserAgent = UserAgent,
        LastAccessIp = LastAccessIp,
        LastAccessUserAgent = LastAccessUserAgent,
        CreatedBy = CreatedBy,
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(CreatedAtMs),
        ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(ExpiresAtMs),
        LastActive = DateTimeOffset.FromUnixTimeMilliseconds(LastActiveMs),
        Version = Version,
        Data = Data,
    };
}

/// <summary>A <see cref="NewSession"/> between silos. No record: its token must not be printed.</summary>
[GenerateSerializer, Immutable, Alias("TokMesh.NewSession")]
public sealed class NewSessionWire
{
    /// <summary>As in <see cref="NewSession.UserId"/>.</summary>
    [Id(0)]
    public required string UserId { get; init; }

    /// <summary>As in <see cref="NewSession.Ttl"/>, in seconds.</summary>
    [Id(1)]
    public long? TtlSeconds { get; init; }

    /// <summary>As in <see cref="NewSession.DeviceId"/>.</summary>
    [Id(2)]
    public string? DeviceId { get; init; }

    /// <summary>As in <see cref="NewSession.Data"/>.</summary>
    [Id(3)]
    public Dictionary<string, string>? Data { get; init; }

    /// <summary>As in <see cref="NewSession.Token"/>.</summary>
    [Id(4)]
    public string? Token { get; init; }
}

/// <summary>A <see cref="CreatedSession"/> between silos. No record: its token must not be printed.</summary>
[GenerateSerializer, Immutable, Alias("TokMesh.CreatedSession")]
public sealed class CreatedWire
{
    /// <summary>As in <see cref="CreatedSession.Id"/>.</summary>
    [Id(0)]
    public required string Id { get; init; }

    /// <summary>As in <see cref="CreatedSession.Token"/>.</summary>
    [Id(1)]
    public required string Token { get; init; }

    /// <summary>As in <see cref="CreatedSession.ExpiresAt"/>, in Unix milliseconds.</summary>
    [Id(2)]
    public long ExpiresAtMs { get; init; }
}

/// <summary>A <see cref="SessionQuery"/> between silos.</summary>
[GenerateSerializer, Immutable, Alias("TokMesh.SessionQuery")]
public sealed class SessionQueryWire
{
    /// <summary>As in <see cref="SessionQuery.UserId"/>.</summary>
    [Id(0)]
    public required string UserId { get; init; }

    /// <summary>As in <see cref="SessionQuery.DeviceId"/>.</summary>
    [Id(1)]
    public string? DeviceId { get; init; }

    /// <summary>As in <see cref="SessionQuery.ByLastActive"/>.</summary>
    [Id(2)]
    public bool ByLastActive { get; init; }

    /// <summary>As in <see cref="SessionQuery.Ascending"/>.</summary>
    [Id(3)]
    public bool Ascending { get; init; }

    /// <summary>As in <see cref="SessionQuery.Page"/>.</summary>
    [Id(4)]
    public int Page { get; init; }

    /// <summary>As in <see cref="SessionQuery.PageSize"/>.</summary>
    [Id(5)]
    public int PageSize { get; init; }
}

/// <summary>A <see cref="SessionPage"/> between silos.</summary>
[GenerateSerializer, Immutable, Alias("TokMesh.SessionPage")]
public sealed class SessionPageWire
{
    /// <summary>As in <see cref="SessionPage.Items"/>.</summary>
    [Id(0)]
    public required List<SessionWire> Items { get; init; }

    /// <summary>As in <see cref="SessionPage.Total"/>.</summary>
    [Id(1)]
    public long Total { get; init; }
}

/// <summary>A <see cref="ConditionalResult"/> between silos.</summary>
/// <param name="Status">A <see cref="ConditionalStatus"/> as a number; numbers may only grow.</param>
/// <param name="Version">As in <see cref="ConditionalResult.Version"/>.</param>
[GenerateSerializer, Immutable, Alias("TokMesh.ConditionalResult")]
public readonly record struct ConditionalWire([property: Id(0)] byte Status, [property: Id(1)] ulong Version);
