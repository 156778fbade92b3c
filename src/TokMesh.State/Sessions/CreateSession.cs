using TokMesh.State.Ids;
using TokMesh.State.Names;

namespace TokMesh.State.Sessions;

/// <summary>
/// What a create carries. The front ends have checked it with <see cref="SessionRules"/>; the state checks what only it can know.
/// </summary>
public sealed class CreateSession
{
    /// <summary>The session's id, generated or dictated.</summary>
    public required SessionId Id { get; init; }

    /// <summary>SHA-256 of the token.</summary>
    public required TokenHash Token { get; init; }

    /// <summary>UTF-8, 1 to 128 bytes.</summary>
    public required ReadOnlyMemory<byte> UserId { get; init; }

    /// <summary>UTF-8, at most 128 bytes; empty for none.</summary>
    public ReadOnlyMemory<byte> DeviceId { get; init; }

    /// <summary>The client's address: empty, 4 or 16 bytes (<see cref="IpBytes"/>).</summary>
    public ReadOnlyMemory<byte> Ip { get; init; }

    /// <summary>UTF-8, at most 512 bytes (<see cref="SessionRules.TruncateUserAgent"/>).</summary>
    public ReadOnlyMemory<byte> UserAgent { get; init; }

    /// <summary>The API key that made it.</summary>
    public ApiKeyId? CreatedBy { get; init; }

    /// <summary>Time to live in milliseconds, above 0; 0 for no expiry, which no front end offers.</summary>
    public required long TtlMs { get; init; }

    /// <summary><see cref="SessionData.Encode"/>.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Most live sessions of the user, this one included; 0 for no limit.</summary>
    public int QuotaLimit { get; init; }

    /// <summary>The id's own shard is another one, where <see cref="Reservation"/> holds it.</summary>
    public bool IdForeign { get; init; }

    /// <summary>The token's own shard is another one, where <see cref="Reservation"/> holds it.</summary>
    public bool TokenForeign { get; init; }

    /// <summary>The reservation under which the foreign names are held (<see cref="NamePointer"/>).</summary>
    public UInt128 Reservation { get; init; }

    /// <summary>
    /// Unix ms; an entry with a later time rejects the create. 0 for no limit; required with a foreign name, because the
    /// protocol's proof of "can never be created any more" rests on it.
    /// </summary>
    public long NotAfterMs { get; init; }
}
