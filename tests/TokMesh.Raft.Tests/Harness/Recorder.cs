using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests.Harness;

/// <summary>Hears what a single member says.</summary>
internal sealed class Recorder : IRaftOutput
{
    private ulong _written;

    public List<Message> Sent { get; } = [];

    /// <summary>Lets the member say everything, with every write on the disk at once.</summary>
    public void Settle(RaftGroup group)
    {
        group.Drain(this);
        group.Persisted(_written);
        group.Drain(this);
    }

    public void Persist(ulong seq, HardState? hardState, ReadOnlySpan<Entry> entries) => _written = seq;

    public void Send(in Message message, ReadOnlySpan<Entry> entries, ReadOnlySpan<byte> data) => Sent.Add(message);

    public void Apply(ReadOnlySpan<Entry> entries)
    {
    }

    public void ReadReady(ulong context)
    {
    }

    public void ReadLost(ulong context)
    {
    }

    public void SnapshotNeeded(MemberId to)
    {
    }

    public void InstallSnapshot(SnapshotMeta meta, ReadOnlyMemory<byte> data)
    {
    }

    public void Excluded(MemberId follower, LogViolation violation, LogIndex index)
    {
    }

    public void Halted(LogViolation violation, MemberId leader, LogIndex index)
    {
    }

    public void RoleChanged(Role role, Term term, MemberId leader)
    {
    }
}
