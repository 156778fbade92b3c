using TokMesh.Launcher;

namespace TokMesh.EndToEnd;

/// <summary>
/// Ports nobody has, below those that the system hands out for outgoing connections: one of these could take it before the server does. What
/// runs at the same time draws from another thousand, which a file keeps as long as the process lives.
/// </summary>
internal static class FreePort
{
    private const int First = 26_000, Thousands = 6;

    private static readonly (int First, FileStream? Kept) Mine = Keep();
    private static int _drawn = Random.Shared.Next(1000);

    public static int Next()
    {
        for (var i = 0; i < 1000; i++)
        {
            var port = Mine.First + Interlocked.Increment(ref _drawn) % 1000;
            if (LoopbackPort.IsFree(port)) return port;
        }
        throw new InvalidOperationException("No free port was found.");
    }

    private static (int First, FileStream? Kept) Keep()
    {
        for (var n = 0; n < Thousands; n++)
        {
            try
            {
                var first = First + 1000 * n;
                return (first, new FileStream(Path.Combine(Path.GetTempPath(), $"tokmesh-e2e-ports-{first}"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose));
            }
            catch (IOException)
            {
                // Another process has it.
            }
        }
        throw new InvalidOperationException($"{Thousands} processes run these tests already.");
    }
}
