using System.Globalization;
using System.Text;
using System.Text.Unicode;
using TokMesh.State.Errors;

namespace TokMesh.State.Sessions;

/// <summary>
/// The limits of session fields, for the front ends to check before an operation is made. All lengths are
/// UTF-8 bytes. Null means that the rule holds.
/// </summary>
public static class SessionRules
{
    /// <summary>Most bytes of user_id and of device_id.</summary>
    public const int MaxIdBytes = 128;

    /// <summary>Bytes a user agent is cut to.</summary>
    public const int MaxUserAgentBytes = 512;

    /// <summary>Most bytes of a key in data.</summary>
    public const int MaxDataKeyBytes = 64;

    /// <summary>Most bytes of a value in data.</summary>
    public const int MaxDataValueBytes = 1024;

    /// <summary>Most bytes of data as a compact JSON object.</summary>
    public const int MaxDataBytes = 4096;

    /// <summary>user_id: there (else ARG-1002), text (else ARG-1001), at most 128 bytes (else SESS-4001).</summary>
    public static RuleViolation? UserId(string? userId)
        => string.IsNullOrEmpty(userId)
            ? new RuleViolation(ErrorCode.ArgumentMissing, "user_id is required")
            : Text("user_id", userId, 1, MaxIdBytes);

    /// <summary>device_id: absent, or at most 128 bytes.</summary>
    public static RuleViolation? DeviceId(string? deviceId)
        => deviceId is null ? null : Text("device_id", deviceId, 0, MaxIdBytes);

    /// <summary>ttl_seconds of a create: 1 to the configured most.</summary>
    public static RuleViolation? CreateTtl(long seconds, long maxSeconds)
        => seconds >= 1 && seconds <= maxSeconds ? null : TtlRange(seconds, maxSeconds, ErrorCode.SessionRuleViolation);

    /// <summary>ttl_seconds of a renew: below 1 is ARG-1001, above the configured most SESS-4001.</summary>
    public static RuleViolation? RenewTtl(long seconds, long maxSeconds)
        => seconds < 1 ? TtlRange(seconds, maxSeconds, ErrorCode.ArgumentInvalid) : CreateTtl(seconds, maxSeconds);

    /// <summary>data: keys of 1 to 64 bytes, values to 1024, the whole to 4096 as compact JSON.</summary>
    public static RuleViolation? Data(IReadOnlyCollection<KeyValuePair<string, string>> data)
    {
        var total = 2 + Math.Max(0, data.Count - 1);
        foreach ((var key, var value) in data)
        {
            var broken = Text("data key", key, 1, MaxDataKeyBytes) ?? Text($"data['{key}']", value, 0, MaxDataValueBytes);
            if (broken is not null) return broken;
            total += JsonLength(key) + 1 + JsonLength(value);
        }
        return total <= MaxDataBytes ? null
            : new RuleViolation(ErrorCode.SessionRuleViolation, Invariant($"data: {total} bytes as JSON, allowed are 0 to {MaxDataBytes}"));
    }

    /// <summary>The user agent in UTF-8, cut to 512 bytes between characters.</summary>
    public static byte[] TruncateUserAgent(string? userAgent)
    {
        if (string.IsNullOrEmpty(userAgent)) return [];
        var target = new byte[MaxUserAgentBytes];
        // Stops before the first character that does not fit. It names nobody and nothing: what is no text becomes U+FFFD.
        Utf8.FromUtf16(userAgent, target, out _, out var written);
        return target[..written];
    }

    private static RuleViolation? Text(string field, string value, int min, int max)
    {
        if (TextRules.Check(field, value) is { } broken) return broken;
        var length = Encoding.UTF8.GetByteCount(value);
        return length >= min && length <= max ? null
            : new RuleViolation(ErrorCode.SessionRuleViolation, Invariant($"{field}: {length} bytes, allowed are {min} to {max}"));
    }

    private static RuleViolation TtlRange(long seconds, long maxSeconds, ErrorCode code)
        => new(code, Invariant($"ttl_seconds: {seconds}, allowed are 1 to {maxSeconds}"));

    /// <summary>Bytes of a JSON string with quotes, escaped only where JSON demands it.</summary>
    private static int JsonLength(string text)
    {
        var length = 2 + Encoding.UTF8.GetByteCount(text);
        foreach (var c in text)
        {
            length += c switch
            {
                '"' or '\\' or '\b' or '\f' or '\n' or '\r' or '\t' => 1,
                < ' ' => 5,
                _ => 0,
            };
        }
        return length;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
