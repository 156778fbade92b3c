using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;

namespace TokMesh.Log.Recovery;

/// <summary>One group as recovered: entries go on from <see cref="BaseIndex"/> + 1 without gaps.</summary>
public sealed class RecoveredGroup
{
    internal RecoveredGroup(GroupState state, List<RecoveredEntry> entries)
    {
        Group = state.Group;
        Meta = state.Meta;
        Term = state.Term;
        Vote = state.Vote;
        BaseIndex = state.BaseIndex;
        BaseTerm = state.BaseTerm;
        CommitIndex = Math.Max(state.CommitIndex, state.BaseIndex);
        Entries = entries;
    }

    /// <summary>The group's number.</summary>
    public uint Group { get; }

    /// <summary>The latest meta of the group; empty if it never had one.</summary>
    public byte[] Meta { get; }

    /// <summary>The term it was in.</summary>
    public ulong Term { get; internal set; }

    /// <summary>Whom it voted for in that term; 0 for no one.</summary>
    public uint Vote { get; internal set; }

    /// <summary>The index its entries follow: that of <see cref="Snapshot"/>, or 0.</summary>
    public ulong BaseIndex { get; internal set; }

    /// <summary>The term at <see cref="BaseIndex"/>.</summary>
    public ulong BaseTerm { get; internal set; }

    /// <summary>Entries up to here are known to be committed; at least <see cref="BaseIndex"/>, at most the last entry's.</summary>
    public ulong CommitIndex { get; internal set; }

    /// <summary>Its entries, from <see cref="BaseIndex"/> + 1 on.</summary>
    public List<RecoveredEntry> Entries { get; }

    /// <summary>The snapshot to start from; null when the group starts from nothing.</summary>
    public SnapshotInfo? Snapshot { get; internal set; }
}
