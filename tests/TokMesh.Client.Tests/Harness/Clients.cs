using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests;

/// <summary>Clients for tests.</summary>
internal static class Clients
{
    public static HttpTokMeshClient Of(TestGateway gateway) => Of(gateway.Issuer, gateway.Address);

    public static HttpTokMeshClient Of(string apiKey, params Uri[] endpoints)
    {
        var options = new TokMeshClientOptions { ApiKey = apiKey };
        foreach (var endpoint in endpoints) options.Endpoints.Add(endpoint);
        return new HttpTokMeshClient(options);
    }
}
