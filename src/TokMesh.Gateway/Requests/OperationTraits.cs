namespace TokMesh.Gateway.Requests;

/// <summary>What is particular about an endpoint of the front end, as its metadata; an endpoint without it is not the front end's.</summary>
internal sealed record OperationTraits
{
    /// <summary>Most bytes of a body: what is held for one request of an operation that needs little.</summary>
    public long MaxBodyBytes { get; init; } = 1 << 20;

    /// <summary>Whether anyone may call it, without a key.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Whether refusals carry the admin API's own codes.</summary>
    public bool IsAdminApi { get; init; }

    /// <summary>Whether it is a page of another program, which the API's description does not tell of.</summary>
    public bool IsPage { get; init; }

    /// <summary>Whether it answers also when the connections of the node hold as much as they may.</summary>
    public bool AnswersAlways { get; init; }

    /// <summary>Whether it tells if the node lives, and so answers also on a connection in a reserved place (<see cref="LifeOnly"/>).</summary>
    public bool IsOfLife { get; init; }

    /// <summary>Whether it computes for a few microseconds at most, so that the thread that heard of the request may run it.</summary>
    public bool IsQuick { get; init; }

    /// <summary>Errors carry no body, as scrapers expect.</summary>
    public bool HasBareErrors { get; init; }
}
