using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests.Harness;

/// <summary>Those tests share a gateway.</summary>
[CollectionDefinition(Name)]
public sealed class GatewayCollection : ICollectionFixture<SharedGateway>
{
    public const string Name = "gateway";
}
