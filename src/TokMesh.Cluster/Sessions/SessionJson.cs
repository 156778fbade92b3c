using System.Text.Json;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Sessions;

namespace TokMesh.Cluster.Sessions;

/// <summary>
/// Writes the external session object: thirteen fields in a fixed order, times as integers in Unix
/// milliseconds, never the token or its hash. Both front ends use it, so a session looks the same through each.
/// </summary>
public static class SessionJson
{
    private static readonly JsonEncodedText[] Names =
    [
        Name("id"), Name("user_id"), Name("device_id"), Name("ip_address"), Name("user_agent"), Name("last_access_ip"),
        Name("last_access_ua"), Name("created_by"), Name("created_at"), Name("expires_at"), Name("last_active"), Name("data"),
        Name("version"),
    ];

    /// <summary>Writes the object with the fields asked for.</summary>
    public static void Write(Utf8JsonWriter json, in SessionView session, SessionFields fields = SessionFields.All)
    {
        Span<byte> text = stackalloc byte[64];
        json.WriteStartObject();
        if (Begin(json, fields, SessionFields.Id))
        {
            session.Id.Format(text);
            json.WriteStringValue(text[..SessionId.TextLength]);
        }
        if (Begin(json, fields, SessionFields.UserId)) json.WriteStringValue(session.UserId);
        if (Begin(json, fields, SessionFields.DeviceId)) json.WriteStringValue(session.DeviceId);
        if (Begin(json, fields, SessionFields.IpAddress)) json.WriteStringValue(text[..IpBytes.Format(session.Ip, text)]);
        if (Begin(json, fields, SessionFields.UserAgent)) json.WriteStringValue(session.UserAgent);
        if (Begin(json, fields, SessionFields.LastAccessIp)) json.WriteStringValue(text[..IpBytes.Format(session.LastAccessIp, text)]);
        if (Begin(json, fields, SessionFields.LastAccessUa)) json.WriteStringValue(session.LastAccessUserAgent);
        if (Begin(json, fields, SessionFields.CreatedBy)) WriteCreatedBy(json, session.CreatedBy, text);
        if (Begin(json, fields, SessionFields.CreatedAt)) json.WriteNumberValue(session.CreatedAt);
        if (Begin(json, fields, SessionFields.ExpiresAt)) json.WriteNumberValue(session.ExpiresAt);
        if (Begin(json, fields, SessionFields.LastActive)) json.WriteNumberValue(session.LastActive);
        if (Begin(json, fields, SessionFields.Data)) WriteData(json, session.Data);
        if (Begin(json, fields, SessionFields.Version)) json.WriteNumberValue(session.Version);
        json.WriteEndObject();
    }

    /// <summary>Writes the answer to a create: where the session is, and its token, which is told this once.</summary>
    public static void WriteCreated(Utf8JsonWriter json, in SessionView session, string token)
    {
        Span<byte> text = stackalloc byte[SessionId.TextLength];
        session.Id.Format(text);
        json.WriteStartObject();
        json.WriteString("session_id"u8, text);
        json.WriteString("token"u8, token);
        json.WriteNumber("expires_at"u8, session.ExpiresAt);
        json.WriteEndObject();
    }

    /// <summary>
    /// Reads a <c>fields</c> parameter: names separated by commas. The forced fields are always part of the result. An
    /// unknown name (<c>token_hash</c> too) is ARG-1001.
    /// </summary>
    public static RuleViolation? TryReadFields(string csv, out SessionFields fields)
    {
        fields = SessionFields.Forced;
        foreach (var part in csv.AsSpan().Split(','))
        {
            var name = csv.AsSpan(part).Trim();
            var at = 0;
            while (at < Names.Length && !name.SequenceEqual(Names[at].Value)) at++;
            if (at == Names.Length) return new RuleViolation(ErrorCode.ArgumentInvalid, $"fields: '{name}' is not a session field");
            fields |= (SessionFields)(1 << at);
        }
        return null;
    }

    private static JsonEncodedText Name(string name) => JsonEncodedText.Encode(name);

    private static bool Begin(Utf8JsonWriter json, SessionFields fields, SessionFields field)
    {
        if ((fields & field) == 0) return false;
        json.WritePropertyName(Names[System.Numerics.BitOperations.TrailingZeroCount((int)field)]);
        return true;
    }

    private static void WriteCreatedBy(Utf8JsonWriter json, ApiKeyId? key, Span<byte> text)
    {
        if (key is not { } id)
        {
            json.WriteStringValue("");
            return;
        }
        id.Format(text);
        json.WriteStringValue(text[..ApiKeyId.TextLength]);
    }

    private static void WriteData(Utf8JsonWriter json, SessionDataReader data)
    {
        json.WriteStartObject();
        while (data.MoveNext()) json.WriteString(data.Key, data.Value);
        json.WriteEndObject();
    }
}
