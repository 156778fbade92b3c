using TokMesh.TestKit;

namespace TokMesh.EndToEnd;

/// <summary>The programs under test, as the build left them.</summary>
internal static class Built
{
    /// <summary>The server; another build of it when <c>TOKMESH_SERVER_DLL</c> names one.</summary>
    public static string Server => Environment.GetEnvironmentVariable("TOKMESH_SERVER_DLL") is { Length: > 0 } other
        ? other : Path.Combine(SourceTree.Root, "silo-host/bin/Release/net10.0/tokmesh-server.dll");

    public static string Launcher => Path.Combine(SourceTree.Root, "src/TokMesh.Launcher/bin/Release/net10.0/tokmesh-launcher.dll");
}
