namespace TokMesh.Client;

/// <summary>What a session is made of. Lengths are UTF-8 bytes.</summary>
public sealed record NewSession
{
    /// <summary>Whose session; 1 to 128 bytes.</summary>
    public required string UserId { get; init; }

    /// <summary>How long it lives, in whole seconds, rounded up; null for the server's default.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>On which device; at most 128 bytes.</summary>
    public string? DeviceId { get; init; }

    /// <summary>What to keep in it: keys of 1 to 64 bytes, values of up to 1024, together up to 4096 as JSON.</summary>
    public IReadOnlyDictionary<string, string>? Data { get; init; }

    /// <summary>
    /// The token, if the application brings its own: 1 to 1023 printable ASCII characters without spaces, not beginning with
    /// <c>tmtk_</c>. Null to have one drawn, of 256 random bits; that is the better choice.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>Says nothing: a token may be inside.</summary>
    public override string ToString() => nameof(NewSession);
}

/// <summary>A session that has just been made: the only time its token is shown.</summary>
public sealed record CreatedSession
{
    /// <summary>The id, <c>tmss-…</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The token: a secret.</summary>
    public required string Token { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The id: the token gets into no log by accident.</summary>
    public override string ToString() => Id;
}
