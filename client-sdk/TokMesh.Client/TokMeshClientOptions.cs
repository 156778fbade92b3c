namespace TokMesh.Client;

/// <summary>How an application reaches a cluster over HTTP.</summary>
public sealed class TokMeshClientOptions
{
    /// <summary>Base addresses of nodes, or of a proxy before them. Calls are spread over those that answer.</summary>
    public IList<Uri> Endpoints { get; } = [];

    /// <summary>The API key, <c>id:secret</c>. Sent with every request, never logged.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>How long a call may take in all, repetitions included, unless it says otherwise; 10 s.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one attempt waits before another node is tried, where that is safe; 6 s, a little more than a node itself tries.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>How long making a connection may take; 2 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How fresh reads are, unless a call says otherwise; linearizable.</summary>
    public Consistency Consistency { get; set; }

    /// <summary>
    /// Whether <c>http://</c> may lead to other machines. The API key and all tokens then cross the network in the clear: for a network
    /// that nobody else listens to.
    /// </summary>
    public bool AllowPlaintext { get; set; }

    /// <summary>
    /// Whether to send <c>X-Timestamp</c> and <c>X-Nonce</c>, for clusters that require them. This machine's clock must then be near theirs.
    /// </summary>
    public bool AntiReplayHeaders { get; set; }

    /// <summary>
    /// Makes the handler below the client, for certificates of one's own, say; null for the usual one. <see cref="ConnectTimeout"/> is then
    /// for that handler to keep, as is not to follow redirections.
    /// </summary>
    public Func<HttpMessageHandler>? CreateHandler { get; set; }
}
