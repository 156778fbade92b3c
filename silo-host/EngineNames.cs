namespace TokMesh.Host;

/// <summary>The engines this server was built with.</summary>
internal static class EngineNames
{
    public const string Auto = "auto";
    public const string Orleans = "orleans";
    public const string Peer = "peer";

    public const string NotBuilt = "The Orleans engine is not part of this build: its packages were not there when it was made. Use cluster.engine=peer, or build with -p:OrleansEngine=true.";

#if ORLEANS
    public static IReadOnlyList<string> Built { get; } = [Peer, Orleans];
#else
    public static IReadOnlyList<string> Built { get; } = [Peer];
#endif

    public static bool HasOrleans => Built.Contains(Orleans);
}
