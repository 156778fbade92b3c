using TokMesh.Redis.Protocol;
using TokMesh.State.Ids;

namespace TokMesh.Redis.Sessions;

/// <summary>Tells session keys from plain ones.</summary>
internal static class SessionKeys
{
    private const int PrefixBytes = 5;

    /// <summary>Whether a key is meant to be a session id; it may still be malformed.</summary>
    public static bool Is(ReadOnlySpan<byte> key) =>
        key.Length >= PrefixBytes && key[4] == '-' && (key[0] | 0x20) == 't' && (key[1] | 0x20) == 'm' && (key[2] | 0x20) == 's' && (key[3] | 0x20) == 's';

    /// <summary>Whether any of the words from <paramref name="first"/> on, each <paramref name="step"/>, is one.</summary>
    public static bool AnyOf(in Request request, int first, int step)
    {
        for (var i = first; i < request.Count; i += step)
            if (Is(request[i])) return true;
        return false;
    }

    public static bool TryParse(ReadOnlySpan<byte> key, out SessionId id) => SessionId.TryParse(key, out id);
}
