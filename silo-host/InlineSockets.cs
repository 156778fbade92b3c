namespace TokMesh.Host;

/// <summary>
/// What arrives on a socket is handled by the thread that heard of it, not handed to the thread pool first: a message between
/// nodes and a Redis command go from there straight to a lane. Two wake-ups less for each is what most of the CPU time was spent
/// on. The price is a rule: <em>code that continues after a socket operation must neither block nor compute for long</em>, or
/// every other connection of that thread waits. HTTP requests that are not quick leave for the pool at once, secrets are checked there, and
/// starting and stopping a node go on there.
/// </summary>
internal static class InlineSockets
{
    /// <summary>The variable by which the framework is told. Child processes inherit it.</summary>
    public const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>Must be called before the first socket is made. An operator's own setting wins.</summary>
    /// <remarks>Read by System.Net.Sockets (SocketAsyncEngine) when it is first used; there is no other way to say it.</remarks>
    public static void Enable()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null) Environment.SetEnvironmentVariable(Variable, "1");
    }
}
