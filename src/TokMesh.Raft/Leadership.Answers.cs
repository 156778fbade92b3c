namespace TokMesh.Raft;

// What followers answer.
internal sealed partial class Leadership
{
    public void OnAppendReply(in Message m, long now)
    {
        if (Counted(m.From) is not { } p) return;
        p.HeardAt = now;
        if (m.Reject)
        {
            // It was asked after it had acknowledged, so this is no answer from before: its disk has forgotten.
            if (m.Context != 0 && m.Context == p.ProbeNumber && m.Index <= p.ProbedAt)
            {
                Exclude(p, LogViolation.AcknowledgedMissing, p.ProbedAt);
                return;
            }
            var (hint, _) = _log.FindConflict(m.Hint, m.LogTerm);
            p.Refused(m.Index, hint);
            return;
        }
        // What a follower says to have is committed or was sent by this leader. If it is neither, somebody here has lost entries, and
        // it is not who still has them.
        if (m.Index > _log.Last || (m.LogTerm > Term.Zero && _log.TermAt(m.Index) is { } own && own != m.LogTerm))
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
            case ProgressMode.Snapshot when p.Match >= _log.Base:
                p.BecomeReplicate();
                break;
            // The snapshot arrived and is already too old: what follows it is gone from memory too.
            case ProgressMode.Snapshot when p.Snapshot is { } s && p.Match >= s.Meta.Index:
                p.Snapshot = null;
                break;
        }
    }

    public void OnHeartbeatReply(in Message m, long now)
    {
        if (Counted(m.From) is not { } p) return;
        p.HeardAt = now;
        if (m.Context <= _rounds.Current) p.Round = Math.Max(p.Round, m.Context);
        if (m.LogTerm > Term.Zero) p.QuiescentRound = Math.Max(p.QuiescentRound, m.Context);
        // An older answer may arrive late; a newer one says that it woke up.
        else if (m.Context == 0 || m.Context >= p.QuiescentRound) p.QuiescentRound = 0;
        p.ProbeSent = false;
        if (p.Clock == p.ConfirmedClock)
        {
            p.Clock = m.Offset;
            // Confirmed by any round that leaves from now on, or by the lease already.
            p.ClockRound = _options.LeaseReads && now < LeaseUntil ? 0 : NextRound;
        }
        // Something was sent a while ago and never acknowledged: it was lost on the way. An append that says nothing new makes the
        // follower say where it stands (pitfall 16: the window must not stay full of lost messages). Much data takes its time.
        var patience = 3L * _options.HeartbeatMs + p.Inflights.Bytes / SlowestBytesPerMs;
        if (p.Mode == ProgressMode.Replicate && p.Match < _log.Last && now - p.MovedAt >= patience && p.Next > p.Match.Next)
        {
            p.BecomeProbe();
            p.MovedAt = now;
        }
    }

    public void OnSnapshotReply(in Message m, long now)
    {
        if (Counted(m.From) is not { } p) return;
        p.HeardAt = now;
        if (p.Mode == ProgressMode.Snapshot && p.Snapshot is { } s && s.Context == m.Context) s.Acknowledged(m.Offset, m.Reject, now, _options.HeartbeatMs);
    }

    /// <summary>A follower says that its disk, or this member's, has lost what it promised to keep.</summary>
    public void OnViolation(in Message m)
    {
        if (Counted(m.From) is { } p) Exclude(p, (LogViolation)m.Context, m.Index, tell: false);
    }

    public void ProvideSnapshot(MemberId to, SnapshotMeta meta, ReadOnlyMemory<byte> data, long now)
    {
        if (Find(to) is not { Mode: ProgressMode.Snapshot, Snapshot: null } p) return;
        p.Snapshot = new SnapshotSend(meta, data, _options.SnapshotChunkBytes, _options.SnapshotWindow);
        p.Snapshot.Started(now);
    }

    private void Exclude(Progress p, LogViolation violation, LogIndex index, bool tell = true)
    {
        p.Exclude(violation);
        _exclusions.Add(p.Id, violation, index, tell);
    }
}
