namespace TokMesh.EndToEnd;

/// <summary>The programs under test, as the build left them.</summary>
internal static class Built
{
    /// <summary>The server; another build of it when <c>TOKMESH_SERVER_DLL</c> names one.</summary>
    public static string Server => Environment.GetEnvironmentVariable("TOKMESH_SERVER_DLL") is { Length: > 0 } other
        ? other : Path.Combine(Root, "silo-host/bin/Release/net10.0/tokmesh-server.dll");

    public static string Launcher => Path.Combine(Root, "src/TokMesh.Launcher/bin/Release/net10.0/tokmesh-launcher.dll");

    private static string Root
    {
        get
        {
            var root = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(root.FullName, "TokMesh.sln"))) root = root.Parent ?? throw new InvalidOperationException("The tests do not run inside the repository.");
            return root.FullName;
        }
    }
}
