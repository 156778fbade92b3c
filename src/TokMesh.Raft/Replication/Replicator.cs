using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Violations;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Replication;

/// <summary>Brings followers up to date: entries, or a snapshot for those that need entries which are gone, and what they answer to it.</summary>
/// <param name="options">Bounds.</param>
/// <param name="log">Of the leader.</param>
/// <param name="memberships">To know whether a snapshot would know its receiver.</param>
/// <param name="followers">Them.</param>
/// <param name="exclusions">Of those that are not fed any more.</param>
/// <param name="template">What every message of this leadership has in common: sender and term.</param>
internal sealed class Replicator(RaftOptions options, RaftLog log, Memberships memberships, Followers followers, Exclusions exclusions, Message template)
{
    /// <summary>A follower and the way to it are expected to take at least this much.</summary>
    private const int SlowestBytesPerMs = 4 << 10;
    private const int MaxProbeBytes = 64 << 10;

    private ulong _probes;

    public bool HasWork
    {
        get
        {
            foreach (var p in followers.All)
            {
                if (!p.IsCounted) continue;
                if (p.Mode == ProgressMode.Snapshot ? p.Snapshot is { CanSend: true } || IsSnapshotDue(p) : p.CanSend && (p.Next <= log.Last || p.Mode == ProgressMode.Probe))
                    return true;
            }
            return false;
        }
    }

    public void Send(long now, IRaftOutput output)
    {
        foreach (var p in followers.All)
        {
            if (!p.IsCounted) continue;
            if (p.Mode != ProgressMode.Snapshot && p.Next.Previous < log.Base) p.BecomeSnapshot();
            if (p.Mode == ProgressMode.Snapshot) SendSnapshot(p, output);
            else SendEntries(p, now, output);
        }
    }

    public void OnAppendReply(Progress p, in Message m, long now)
    {
        if (m.Reject)
        {
            // It was asked after it had acknowledged, so this is no answer from before: its disk has forgotten.
            if (m.Probe != 0 && m.Probe == p.ProbeNumber && m.Index <= p.ProbedAt)
            {
                Exclude(p, LogViolation.AcknowledgedMissing, p.ProbedAt);
                return;
            }
            var (hint, _) = log.FindConflict(m.Hint, m.LogTerm);
            p.Refused(m.Index, hint);
            return;
        }
        // What a follower says to have is committed or was sent by this leader. If it is neither, somebody here has lost entries, and
        // it is not who still has them.
        if (m.Index > log.Last || (m.LogTerm > Term.Zero && log.TermAt(m.Index) is { } own && own != m.LogTerm))
        {
            Exclude(p, LogViolation.CommittedContradicted, m.Index);
            return;
        }
        var moved = p.Acknowledge(m.Index);
        if (moved) p.MovedAt = now;
        switch (p.Mode)
        {
            case ProgressMode.Probe:
                p.BecomeReplicate();
                break;
            // The snapshot arrived, or the follower turned out to connect to the log without it.
            case ProgressMode.Snapshot when p.Match >= log.Base:
                p.BecomeReplicate();
                break;
            // The snapshot arrived and is already too old: what follows it is gone from memory too.
            case ProgressMode.Snapshot when p.Snapshot is { } s && p.Match >= s.Meta.Index:
                p.Snapshot = null;
                break;
        }
    }

    /// <summary>A follower answers heartbeats: what it should have answered long ago was lost.</summary>
    public void RepeatIfLost(Progress p, long now)
    {
        p.ProbeSent = false;
        // Something was sent a while ago and never acknowledged: it was lost on the way. An append that says nothing new makes the
        // follower say where it stands (pitfall 16: the window must not stay full of lost messages). Much data takes its time.
        var patience = 3L * options.HeartbeatMs + p.Inflights.Bytes / SlowestBytesPerMs;
        if (p.Mode == ProgressMode.Replicate && p.Match < log.Last && now - p.MovedAt >= patience && p.Next > p.Match.Next)
        {
            p.BecomeProbe();
            p.MovedAt = now;
        }
    }

    public void OnSnapshotReply(Progress p, in Message m, long now)
    {
        if (p.Mode == ProgressMode.Snapshot && p.Snapshot is { } s && s.Context == m.Transfer) s.Acknowledged(m.Position, m.Reject, now, options.HeartbeatMs);
    }

    public void ProvideSnapshot(MemberId to, SnapshotMeta meta, ReadOnlyMemory<byte> data, long now)
    {
        if (followers.Find(to) is not { Mode: ProgressMode.Snapshot, Snapshot: null } p) return;
        p.Snapshot = new SnapshotSend(meta, data, options.SnapshotChunkBytes, options.SnapshotWindow);
        p.Snapshot.Started(now);
    }

    /// <summary>Sends again what of a snapshot has been without an answer for an election timeout.</summary>
    public void RewindSnapshots(long now)
    {
        foreach (var p in followers.All)
            if (p.Mode == ProgressMode.Snapshot && p.Snapshot is { } s && now - s.MovedAt >= options.ElectionTimeoutMs) s.Rewind(now);
    }

    public void Exclude(Progress p, LogViolation violation, LogIndex index, bool tell = true)
    {
        p.Exclude(violation);
        exclusions.Add(p.Id, violation, index, tell);
    }

    /// <summary>A newcomer's snapshot must know the newcomer: it waits until the change that brought it is applied (pitfall 34).</summary>
    private bool IsSnapshotDue(Progress p) => p.Snapshot is null && memberships.At(log.Applied).Contains(p.Id);

    private void SendSnapshot(Progress p, IRaftOutput output)
    {
        if (IsSnapshotDue(p)) output.SnapshotNeeded(p.Id);
        while (p.Snapshot is { CanSend: true } s)
        {
            var chunk = s.NextChunk(out var position);
            output.Send(template with
            {
                Type = MessageType.SnapshotChunk,
                To = p.Id,
                Index = s.Meta.Index,
                LogTerm = s.Meta.Term,
                Transfer = s.Context,
                Position = position,
                Total = s.Total,
            }, [], chunk);
        }
    }

    private void SendEntries(Progress p, long now, IRaftOutput output)
    {
        while (p.CanSend)
        {
            var previous = p.Next.Previous;
            var entries = log.After(previous, options.MaxEntriesPerAppend, options.MaxBytesPerAppend);
            if (entries.IsEmpty && p.Mode == ProgressMode.Replicate) return;
            // A probe may be repeated often before it is answered: what is large waits until the follower's position is known.
            if (p.Mode == ProgressMode.Probe && !entries.IsEmpty && entries[0].Payload.Length > MaxProbeBytes) entries = [];
            if (p.Mode == ProgressMode.Probe) p.Probed(++_probes);
            output.Send(template with
            {
                Type = MessageType.Append,
                To = p.Id,
                Index = previous,
                LogTerm = log.TermAt(previous)!.Value,
                Commit = log.Commit,
                Probe = p.Mode == ProgressMode.Probe ? p.ProbeNumber : 0,
            }, entries, []);
            if (p.Mode == ProgressMode.Probe) return;
            if (p.Inflights.Count == 0) p.MovedAt = now;
            long bytes = 0;
            foreach (var entry in entries) bytes += entry.Payload.Length;
            p.Sent(entries[^1].Index, bytes);
        }
    }
}
