namespace TokMesh.Gateway.Requests;

/// <summary>The query parameters an endpoint takes, as its metadata: what <see cref="Exchange.ReadQuery"/> allows, and the API's description names.</summary>
internal sealed class QueryParameters(params string[] names)
{
    public string[] Names => names;
}
