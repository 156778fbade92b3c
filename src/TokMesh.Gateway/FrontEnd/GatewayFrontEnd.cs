using Microsoft.Extensions.Logging;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Metering;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;
using TokMesh.Cluster.Transport;

namespace TokMesh.Gateway.FrontEnd;

/// <summary>What the HTTP front end stands on; <see cref="GatewayServices.AddTokMeshGateway"/> fills it in.</summary>
public sealed class GatewayFrontEnd
{
    /// <summary>The local node.</summary>
    public required Node Node { get; init; }

    /// <summary>Calls to groups.</summary>
    public required StoreClient Store { get; init; }

    /// <summary>Sessions.</summary>
    public required SessionService Sessions { get; init; }

    /// <summary>Checks API keys; shared with the other front ends, so that a secret is verified once.</summary>
    public required Authenticator Authenticator { get; init; }

    /// <summary>The state of the node's replicas.</summary>
    public required ReplicaSurvey Survey { get; init; }

    /// <summary>Which other nodes are there; null when this one is alone.</summary>
    public IMembership? Membership { get; init; }

    /// <summary>Time.</summary>
    public required IClock Clock { get; init; }

    /// <summary>Randomness for keys.</summary>
    public required Action<Span<byte>> FillRandom { get; init; }

    /// <summary>Where the front end says what went wrong.</summary>
    public required ILogger Log { get; init; }

    /// <summary>What all connections together may hold.</summary>
    public HeldBytes Held { get; init; } = HeldBytes.Unlimited;

    /// <summary>Settings.</summary>
    public GatewayOptions Options { get; init; } = new();

    /// <summary>Whether the process is going down: <c>/ready</c> then says so.</summary>
    public Func<bool> IsStopping { get; init; } = static () => false;
}
