using System.Diagnostics;

namespace TokMesh.Cluster.Calls;

/// <summary>
/// A span for each call to a group, from the source <see cref="SourceName"/>, below the span of whatever request it is for; calls that belong to no
/// span, as those of Redis clients, have none. Nothing of a call's operation or reply is in it.
/// </summary>
public static class CallSpan
{
    /// <summary>The source's name.</summary>
    public const string SourceName = "TokMesh.Cluster";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Null when nobody listens.</summary>
    internal static Activity? Start(uint group, CallKind kind) =>
        Source.HasListeners() && Activity.Current is not null
            ? Source.StartActivity(kind == CallKind.Write ? "write" : "read", ActivityKind.Internal, default(ActivityContext), [new("tokmesh.group", group)])
            : null;

    /// <summary>The call has ended.</summary>
    internal static void End(Activity? span, in StoreReply reply)
    {
        if (span is null) return;
        span.SetTag("tokmesh.outcome", reply.Outcome.ToString());
        if (!reply.IsOk) span.SetTag("tokmesh.error", reply.Error.ToString());
        span.SetStatus(reply.Verdict is Verdict.Unknown or Verdict.NotExecuted ? ActivityStatusCode.Error : ActivityStatusCode.Unset);
        span.Dispose();
    }
}
