using TokMesh.State.Errors;

namespace TokMesh.State.Keys;

/// <summary>Limits of plain keys. The front ends check them; a value that grows by appending is checked here.</summary>
public static class KeyRules
{
    /// <summary>Most bytes of a key: 64 KiB.</summary>
    public const int MaxKeyBytes = 64 * 1024;

    /// <summary>Most bytes of a value: 16 MiB.</summary>
    public const int MaxValueBytes = 16 * 1024 * 1024;

    /// <summary>A name of 1 to 64 KiB that is not a session's. Null when the rule holds.</summary>
    public static RuleViolation? Name(ReadOnlySpan<byte> key)
        => key.Length is 0 or > MaxKeyBytes ? new(ErrorCode.ArgumentInvalid, $"key: {key.Length} bytes, allowed are 1 to {MaxKeyBytes}")
            : key.StartsWith("tmss-"u8) ? new(ErrorCode.ArgumentInvalid, "key: names that begin with tmss- are sessions; use /sessions")
            : null;

    /// <summary>A value of at most 16 MiB. Null when the rule holds.</summary>
    public static RuleViolation? Value(int bytes)
        => bytes <= MaxValueBytes ? null : new(ErrorCode.KeyTooLong, $"value: {bytes} bytes, allowed are 0 to {MaxValueBytes}");

    /// <summary>ttl_seconds: absent, or 1 to 10^12. Null when the rule holds.</summary>
    public static RuleViolation? Ttl(long? seconds)
        => seconds is null or (>= 1 and <= 1_000_000_000_000) ? null
            : new(ErrorCode.KeyInvalidExpire, "ttl_seconds: must be 1 to 1000000000000");
}
