using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

/// <summary>Those tests share a gateway.</summary>
[CollectionDefinition(Name)]
public sealed class GatewayCollection : ICollectionFixture<SharedGateway>
{
    public const string Name = "gateway";
}
