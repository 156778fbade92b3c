using System.Text.Json;
using TokMesh.Redis.Commands;
using TokMesh.State.Errors;
using TokMesh.State.Sessions;

namespace TokMesh.Redis.Sessions;

/// <summary>
/// The JSON that SET and TM.CREATE take: <c>user_id</c>, <c>token</c>, <c>device_id</c>, <c>data</c>. Everything
/// else is ignored.
/// </summary>
internal sealed class SessionBody
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16 };

    // What is being read, for a message: a known field's name, since no other field's text is looked at.
    private string _reading = "";

    public string? UserId { get; private set; }

    public string? Token { get; private set; }

    public string? DeviceId { get; private set; }

    /// <summary>As given, in order; null when absent.</summary>
    public List<KeyValuePair<string, string>>? Data { get; private set; }

    /// <summary>Reads it; the error to answer if it cannot be.</summary>
    public static string? Read(ReadOnlyMemory<byte> json, out SessionBody body)
    {
        body = new SessionBody();
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return body.Take(document.RootElement) ? null : "ERR invalid JSON value";
        }
        catch (JsonException)
        {
            return "ERR invalid JSON value";
        }
        // Of text that is not Unicode: bytes that are not UTF-8, or an escaped half of a surrogate pair.
        catch (InvalidOperationException)
        {
            return ErrorReplies.Of(ErrorCode.ArgumentInvalid, $"{body._reading}: not valid Unicode text");
        }
    }

    /// <summary>The first rule that a field breaks.</summary>
    public RuleViolation? Check() =>
        (UserId is null ? null : SessionRules.UserId(UserId)) ?? SessionRules.DeviceId(DeviceId) ?? (Data is null ? null : SessionRules.Data(Data));

    /// <summary>The data as operations carry it; null when absent.</summary>
    public ReadOnlyMemory<byte>? EncodeData() => Some(Data is null ? null : SessionData.Encode(Data));

    public ReadOnlyMemory<byte>? EncodeDevice() => Some(DeviceId is null ? null : TextRules.Utf8.GetBytes(DeviceId));

    public ReadOnlyMemory<byte>? EncodeUser() => Some(UserId is null ? null : TextRules.Utf8.GetBytes(UserId));

    // Spelt out: a null array converts to an empty memory, which would be a value.
    private static ReadOnlyMemory<byte>? Some(byte[]? bytes)
    {
        if (bytes is null) return null;
        return bytes;
    }

    private bool Take(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) return false;
        foreach (var field in root.EnumerateObject())
        {
            _reading = "the name of a member";
            var name = field.Name;
            _reading = name;
            switch (name)
            {
                case "user_id":
                    if (!IsText(field.Value)) return false;
                    UserId = field.Value.GetString();
                    break;
                case "token":
                    if (!IsText(field.Value)) return false;
                    Token = field.Value.GetString();
                    break;
                case "device_id":
                    if (!IsText(field.Value)) return false;
                    DeviceId = field.Value.GetString();
                    break;
                case "data":
                    if (!TakeData(field.Value)) return false;
                    break;
            }
        }
        return true;
    }

    private bool TakeData(JsonElement data)
    {
        if (data.ValueKind == JsonValueKind.Null) return true;
        if (data.ValueKind != JsonValueKind.Object) return false;
        // The last of repeated names counts, as everywhere in JSON.
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        Data = [];
        foreach (var pair in data.EnumerateObject())
        {
            if (pair.Value.ValueKind != JsonValueKind.String) return false;
            var item = KeyValuePair.Create(pair.Name, pair.Value.GetString() ?? "");
            if (places.TryGetValue(pair.Name, out var place)) Data[place] = item;
            else
            {
                places.Add(pair.Name, Data.Count);
                Data.Add(item);
            }
        }
        return true;
    }

    private static bool IsText(JsonElement value) => value.ValueKind is JsonValueKind.String or JsonValueKind.Null;
}
