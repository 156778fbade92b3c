using TokMesh.State.Ids;

namespace TokMesh.State.Sessions;

/// <summary>What Redis <c>SET</c> on an existing session changes. Null leaves a field as it is.</summary>
public sealed class UpdateSession
{
    /// <summary>The session.</summary>
    public required SessionId Id { get; init; }

    /// <summary>UTF-8, at most 128 bytes.</summary>
    public ReadOnlyMemory<byte>? DeviceId { get; init; }

    /// <summary>The whole new map (<see cref="SessionData.Encode"/>).</summary>
    public ReadOnlyMemory<byte>? Data { get; init; }

    /// <summary>Above 0: expires_at becomes now + this.</summary>
    public long? TtlMs { get; init; }

    /// <summary>When given and not the stored one: ARG-1001, nothing changes.</summary>
    public ReadOnlyMemory<byte>? ExpectedUserId { get; init; }
}
