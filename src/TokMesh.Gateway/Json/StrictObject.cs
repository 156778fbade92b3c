using System.Buffers;
using System.Text;
using System.Text.Json;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Json;

/// <summary>
/// Reads a body that must be one JSON object with known fields, each at most once, each of its type; null stands for an absent
/// field. What breaks a rule ends the reading: <see cref="Broken"/> then names the field. Values never get into messages.
/// </summary>
internal ref struct StrictObject
{
    private const int MaxNameShown = 64;
    private readonly ReadOnlySpan<string> _fields;
    private Utf8JsonReader _json;
    private uint _seen;
    private int _field = -1;
    private State _state;

    private enum State
    {
        Start,
        Inside,
        End,
    }

    /// <param name="body">The whole body.</param>
    /// <param name="fields">The known names, at most 32.</param>
    /// <param name="mayBeEmpty">Whether no body at all stands for an empty object.</param>
    public StrictObject(in ReadOnlySequence<byte> body, ReadOnlySpan<string> fields, bool mayBeEmpty = false)
    {
        _fields = fields;
        _json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 8 });
        if (mayBeEmpty && body.IsEmpty) _state = State.End;
    }

    /// <summary>Why the reading ended early; null when nothing is wrong.</summary>
    public RuleViolation? Broken { get; private set; }

    /// <summary>Goes to the next field and gives its place in the list of names; -1 at the end.</summary>
    public int Next()
    {
        try
        {
            return Advance();
        }
        catch (JsonException)
        {
            return NotJson();
        }
        // Of comparing a name that is half of a surrogate pair.
        catch (InvalidOperationException)
        {
            return Break($"'{NameShown()}' is not a field of this request: it is not valid Unicode text");
        }
    }

    /// <summary>The field's text.</summary>
    public string? Text()
    {
        if (_json.TokenType == JsonTokenType.String)
        {
            try
            {
                return _json.GetString();
            }
            catch (InvalidOperationException)
            {
                return Break<string>("is not valid Unicode text");
            }
        }
        return _json.TokenType == JsonTokenType.Null ? null : Break<string>("must be a string");
    }

    /// <summary>The field's whole number.</summary>
    public long? Integer() => _json.TokenType switch
    {
        JsonTokenType.Number when _json.TryGetInt64(out var value) => value,
        JsonTokenType.Null => null,
        _ => Break<long?>("must be a whole number"),
    };

    /// <summary>The field's unsigned whole number.</summary>
    public ulong? Unsigned() => _json.TokenType switch
    {
        JsonTokenType.Number when _json.TryGetUInt64(out var value) => value,
        JsonTokenType.Null => null,
        _ => Break<ulong?>("must be a whole number of at least 0"),
    };

    /// <summary>The field's truth value.</summary>
    public bool? Flag() => _json.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        JsonTokenType.Null => null,
        _ => Break<bool?>("must be true or false"),
    };

    /// <summary>The field's object of strings, in its order.</summary>
    public List<KeyValuePair<string, string>>? Map()
    {
        if (_json.TokenType == JsonTokenType.Null) return null;
        if (_json.TokenType != JsonTokenType.StartObject) return Break<List<KeyValuePair<string, string>>>("must be an object of strings");
        var map = new List<KeyValuePair<string, string>>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
            {
                var name = _json.GetString()!;
                _json.Read();
                if (_json.TokenType != JsonTokenType.String) return Break<List<KeyValuePair<string, string>>>("must be an object of strings");
                if (!names.Add(name)) return Break<List<KeyValuePair<string, string>>>("has a name twice");
                map.Add(new(name, _json.GetString()!));
            }
        }
        catch (JsonException)
        {
            NotJson();
        }
        catch (InvalidOperationException)
        {
            return Break<List<KeyValuePair<string, string>>>("is not valid Unicode text");
        }
        return map;
    }

    /// <summary>The field's array of strings.</summary>
    public List<string>? Texts()
    {
        if (_json.TokenType == JsonTokenType.Null) return null;
        if (_json.TokenType != JsonTokenType.StartArray) return Break<List<string>>("must be an array of strings");
        var texts = new List<string>();
        try
        {
            while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
            {
                if (_json.TokenType != JsonTokenType.String) return Break<List<string>>("must be an array of strings");
                texts.Add(_json.GetString()!);
            }
        }
        catch (JsonException)
        {
            NotJson();
        }
        catch (InvalidOperationException)
        {
            return Break<List<string>>("is not valid Unicode text");
        }
        return texts;
    }

    private int Advance()
    {
        if (_state == State.End || Broken is not null) return -1;
        if (_state == State.Start)
        {
            _json.Read();
            if (_json.TokenType != JsonTokenType.StartObject) return Break("The body must be a JSON object.");
            _state = State.Inside;
        }
        _json.Read();
        if (_json.TokenType == JsonTokenType.EndObject)
        {
            _state = State.End;
            // Reads what follows: nothing may.
            _json.Read();
            return -1;
        }
        _field = 0;
        while (_field < _fields.Length && !_json.ValueTextEquals(_fields[_field])) _field++;
        if (_field == _fields.Length) return Break($"'{NameShown()}' is not a field of this request; known are: {string.Join(", ", _fields!)}");
        if ((_seen & (1u << _field)) != 0) return Break($"'{_fields[_field]}' is there twice");
        _seen |= 1u << _field;
        _json.Read();
        return _field;
    }

    private readonly string NameShown()
    {
        try
        {
            var name = _json.GetString()!;
            return name.Length <= MaxNameShown ? name : name[..MaxNameShown] + "…";
        }
        catch (InvalidOperationException)
        {
            // As it was written, if that can be shown.
            var raw = _json.HasValueSequence ? default : _json.ValueSpan;
            return raw.Length is 0 or > MaxNameShown || !Ascii.IsValid(raw) ? "?" : Encoding.ASCII.GetString(raw);
        }
    }

    private T? Break<T>(string problem)
    {
        Break($"'{_fields[_field]}' {problem}");
        return default;
    }

    private int NotJson() => Break(_field < 0 ? "The body is not valid JSON." : $"The body is not valid JSON at or after '{(_field < _fields.Length ? _fields[_field] : "?")}'.");

    private int Break(string message)
    {
        Broken ??= new RuleViolation(ErrorCode.SysBadRequest, message);
        return -1;
    }
}
