using System.Text.Json;

namespace TokMesh.Client;

/// <summary>Reads the session object of the HTTP API.</summary>
internal static class SessionReader
{
    public static Session Read(JsonElement json)
    {
        var data = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in json.GetProperty("data").EnumerateObject()) data[pair.Name] = pair.Value.GetString()!;
        return new Session
        {
            Id = Text(json, "id"),
            UserId = Text(json, "user_id"),
            DeviceId = Text(json, "device_id"),
            IpAddress = Text(json, "ip_address"),
            UserAgent = Text(json, "user_agent"),
            LastAccessIp = Text(json, "last_access_ip"),
            LastAccessUserAgent = Text(json, "last_access_ua"),
            CreatedBy = Text(json, "created_by"),
            CreatedAt = Time(json, "created_at"),
            ExpiresAt = Time(json, "expires_at"),
            LastActive = Time(json, "last_active"),
            Version = json.GetProperty("version").GetUInt64(),
            Data = data,
        };
    }

    public static DateTimeOffset Time(JsonElement json, string name) => DateTimeOffset.FromUnixTimeMilliseconds(json.GetProperty(name).GetInt64());

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
