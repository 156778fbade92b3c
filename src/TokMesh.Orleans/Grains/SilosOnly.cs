using TokMesh.Cluster.Errors;

namespace TokMesh.Orleans.Grains;

/// <summary>
/// Keeps clients of the gateway from what changes a Raft group: of the grains that stand for one, they may only ask. Silos, and code in
/// them, may do more.
/// </summary>
internal static class SilosOnly
{
    // As Orleans names the client that every silo has within itself.
    private const string Hosted = "hosted-";

    /// <summary>Lets a call pass unless it comes from a client and is one of these.</summary>
    /// <exception cref="UnauthorizedAccessException">It is; nothing was done.</exception>
    public static Task InvokeAsync(IIncomingGrainCallContext context, params ReadOnlySpan<string> methods)
    {
        if (context.SourceId is { } source && IsClient(source) && methods.Contains(context.MethodName))
            throw new UnauthorizedAccessException($"{Codes.Forbidden}: {context.MethodName} changes a group and is for silos alone. Use the admin API of a node.");
        return context.Invoke();
    }

    private static bool IsClient(GrainId source) => source.IsClient() && !(source.Key.ToString() ?? "").StartsWith(Hosted, StringComparison.Ordinal);
}
