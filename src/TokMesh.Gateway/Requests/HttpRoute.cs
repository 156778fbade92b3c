using Microsoft.AspNetCore.Http;
using TokMesh.Cluster.Meta;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Serving;

namespace TokMesh.Gateway.Requests;

/// <summary>Who may call an operation.</summary>
/// <param name="IsOpen">Anyone, without a key.</param>
/// <param name="Role">The role needed; null for any key.</param>
/// <param name="IsAdminApi">Whether refusals carry the admin API's own codes.</param>
internal readonly record struct Access(bool IsOpen, ApiRole? Role, bool IsAdminApi = false)
{
    public static readonly Access Open = new(true, null);
    public static readonly Access AnyKey = new(false, null);
    public static readonly Access AdminApi = new(false, ApiRole.Admin, true);

    public static Access Of(ApiRole role) => new(false, role);
}

/// <summary>How an operation stands to the anti-replay headers. Reads never look at them.</summary>
internal enum Replay
{
    Ignored,
    VerifiedIfSent,
    MayBeRequired,
}

/// <summary>One method of a route.</summary>
/// <param name="RunAsync">Answers the exchange.</param>
/// <param name="Access">Who may.</param>
/// <param name="Replay">Whether anti-replay headers count.</param>
internal sealed record Operation(Func<Exchange, ValueTask> RunAsync, Access Access, Replay Replay = Replay.Ignored)
{
    /// <summary>Most bytes of a body: what is held for one request of an operation that needs little.</summary>
    public long MaxBodyBytes { get; init; } = 1 << 20;

    /// <summary>Whether it answers also when the connections of the node hold as much as they may.</summary>
    public bool AnswersAlways { get; init; }

    /// <summary>Whether it tells if the node lives, and so answers also on a connection in a reserved place (<see cref="LifeOnly"/>).</summary>
    public bool IsOfLife { get; init; }

    /// <summary>Errors carry no body, as scrapers expect.</summary>
    public bool HasBareErrors { get; init; }
}

/// <summary>A path template and what GET and POST do there.</summary>
internal sealed record HttpRoute(string Template, Operation? Get = null, Operation? Post = null)
{
    /// <summary>Every path that no route has.</summary>
    public static readonly HttpRoute Unmatched = new("unmatched");

    public string Allow { get; } = (Get, Post) switch
    {
        (not null, not null) => "GET, HEAD, POST",
        (not null, null) => "GET, HEAD",
        _ => "POST",
    };

    /// <summary>What the route does for a method; null when it has nothing.</summary>
    public Operation? For(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? Get : HttpMethods.IsPost(method) ? Post : null;

    /// <summary>Figures of this route's requests.</summary>
    public RouteMeter Meter { get; } = new();
}
