using TokMesh.Cluster.Errors;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Health;

/// <summary>What one lane found when it last looked at its groups.</summary>
internal sealed class LaneFindings(int groupCount)
{
    private readonly byte[] _led = GroupBits.For(groupCount);
    private readonly byte[] _held = GroupBits.For(groupCount);

    public SortedDictionary<(HealthCode Code, uint Subject), Finding> Seen { get; } = [];

    /// <summary>Of every group a bit: whether the lane leads it.</summary>
    public ReadOnlySpan<byte> Led => _led;

    /// <summary>Of every group a bit: whether the lane has a replica of it.</summary>
    public ReadOnlySpan<byte> Held => _held;

    public void IsHeld(uint group) => GroupBits.Set(_held, group);

    public void Leads(uint group) => GroupBits.Set(_led, group);

    /// <summary>Groups whose replica here has known no leader for longer than an election takes, and whether so many voters are away that there can be none.</summary>
    public List<(uint Group, bool MajorityIsLost)> Leaderless { get; } = [];

    public void See(HealthCode code, MemberId subject, uint group)
    {
        if (!Seen.TryGetValue((code, subject.Value), out var finding)) Seen[(code, subject.Value)] = finding = new Finding();
        finding.Add(group);
    }
}
