namespace TokMesh.Orleans.Placement;

/// <summary>Which silo carries which node, as Orleans' membership has it now. A silo's name is the id of its node, across restarts.</summary>
internal sealed class Silos(IClusterMembershipService membership)
{
    /// <summary>Where a node is; null when no silo that lives, or is about to, has its name.</summary>
    public SiloAddress? AddressOf(string nodeId)
    {
        ClusterMember? found = null;
        foreach (var (_, member) in membership.CurrentSnapshot.Members)
        {
            if (member.Name != nodeId || member.Status is not (SiloStatus.Active or SiloStatus.Joining or SiloStatus.ShuttingDown)) continue;
            // Just after a restart the one before may not have been declared dead yet.
            if (found is null || member.SiloAddress.Generation > found.SiloAddress.Generation) found = member;
        }
        return found?.SiloAddress;
    }
}
