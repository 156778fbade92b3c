using System.Collections.Immutable;
using System.Net;

namespace TokMesh.Orleans.Tests.Placement;

/// <summary>Cluster membership as a test says it.</summary>
internal sealed class Membership : IClusterMembershipService
{
    private readonly Dictionary<string, ClusterMember> _members = [];
    private long _version;

    public ClusterMembershipSnapshot CurrentSnapshot => new(_members.Values.ToImmutableDictionary(m => m.SiloAddress), new MembershipVersion(_version));

    public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => throw new NotSupportedException();

    /// <summary>A silo of that name is as it is said; each name has a port of its own.</summary>
    public SiloAddress Is(string name, SiloStatus status, int generation = 1)
    {
        var port = 1 + name.Sum(c => c);
        var address = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, port), generation);
        _members[$"{name} {generation}"] = new ClusterMember(address, status, name);
        _version++;
        return address;
    }

    public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public Task<bool> TryKill(SiloAddress siloAddress) => throw new NotSupportedException();
}
