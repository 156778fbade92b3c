namespace TokMesh.State.Sessions;

/// <summary>The external fields of a session, as a set for projections.</summary>
[Flags]
public enum SessionFields
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>id</summary>
    Id = 1,

    /// <summary>user_id</summary>
    UserId = 1 << 1,

    /// <summary>device_id</summary>
    DeviceId = 1 << 2,

    /// <summary>ip_address</summary>
    IpAddress = 1 << 3,

    /// <summary>user_agent</summary>
    UserAgent = 1 << 4,

    /// <summary>last_access_ip</summary>
    LastAccessIp = 1 << 5,

    /// <summary>last_access_ua</summary>
    LastAccessUa = 1 << 6,

    /// <summary>created_by</summary>
    CreatedBy = 1 << 7,

    /// <summary>created_at</summary>
    CreatedAt = 1 << 8,

    /// <summary>expires_at</summary>
    ExpiresAt = 1 << 9,

    /// <summary>last_active</summary>
    LastActive = 1 << 10,

    /// <summary>data</summary>
    Data = 1 << 11,

    /// <summary>version</summary>
    Version = 1 << 12,

    /// <summary>What every projection shows.</summary>
    Forced = Id | UserId | ExpiresAt | LastActive | Version,

    /// <summary>All thirteen.</summary>
    All = (1 << 13) - 1,
}
