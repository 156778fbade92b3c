namespace TokMesh.State;

/// <summary>Limits of plain keys. The doors check them; a value that grows by appending is checked here.</summary>
public static class KeyRules
{
    /// <summary>Most bytes of a key: 64 KiB.</summary>
    public const int MaxKeyBytes = 64 * 1024;

    /// <summary>Most bytes of a value: 16 MiB.</summary>
    public const int MaxValueBytes = 16 * 1024 * 1024;
}
