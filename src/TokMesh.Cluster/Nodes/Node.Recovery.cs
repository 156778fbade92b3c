using System.Buffers;
using TokMesh.Cluster.Lanes;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.States;
using TokMesh.Log.Recovery;
using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;
using TokMesh.Raft;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.State;

namespace TokMesh.Cluster.Nodes;

// What a node finds on its disk, and what it makes of that.
public sealed partial class Node
{
    /// <summary>Writes down that this start began, in the log and beside it, before anybody hears of the node.</summary>
    private NodePast BeginStart(LogPlace log, LogRecovery recovery, Action<Span<byte>> fillRandom)
    {
        var history = StartHistory.Decode(recovery.Notes.GetValueOrDefault(StartHistory.Note)).With(NextRandom(fillRandom));
        var batch = new LogBatch();
        batch.AppendNote(StartHistory.Note, history.Encode());
        _log.Append(batch);
        _log.Flush();
        log.Remember(new LogMemory(history.Current.Number, _log.NewestSegment));
        return new NodePast(history.Starts, recovery.Sequence);
    }

    private void Recover(LogRecovery recovery, SnapshotStore snapshots, RaftOptions options, long nowMs)
    {
        var fresh = new LogBatch();
        for (uint group = 0; group < _parts.GroupCount; group++)
        {
            recovery.Groups.TryGetValue(group, out var found);
            var configuration = _parts.BeganWith(group);
            var removed = default(Tombstone);
            if (recovery.Notes.TryGetValue(LogNotes.OfTombstone(group), out var note)) _lanes[_parts.LaneOf(group)].Removals.Recovered(group, removed = Tombstone.Decode(note));
            if (found is null && (!configuration.Contains(Self) || removed != default)) continue;
            if (found is null) fresh.AppendGroupMeta(group, configuration.Encode());
            var restore = RestoreOf(group);
            var state = New(group);
            var hardState = default(HardState);
            var log = new RaftLog(LogIndex.Zero, Term.Zero, []);
            ulong snapshotIndex = 0;
            if (found is not null)
            {
                // One that joined later began with nobody in it.
                ReadOnlySpan<byte> began = found.Meta;
                configuration = Configuration.Decode(ref began);
                if (found.Snapshot is { } snapshot)
                {
                    ReadOnlySpan<byte> meta = snapshots.ReadMeta(snapshot);
                    configuration = Configuration.Decode(ref meta);
                    state = restore(snapshots.ReadBody(snapshot));
                    snapshotIndex = snapshot.Index;
                    _parts.Snapshots.Recovered(group, snapshot.Index);
                }
                hardState = new HardState(new Term(found.Term), new MemberId(found.Vote));
                var entries = new List<Entry>(found.Entries.Count);
                foreach (var e in found.Entries) entries.Add(new Entry(new LogIndex(e.Index), new Term(e.Term), (EntryType)e.EntryType, e.Payload));
                log = new RaftLog(new LogIndex(found.BaseIndex), new Term(found.BaseTerm), entries);
                log.CommitTo(new LogIndex(found.CommitIndex));
            }
            var lane = _lanes[_parts.LaneOf(group)];
            var raft = new RaftGroup(Self, configuration, hardState, log, options, _parts.NextRandom(), nowMs, removed);
            lane.Add(new Replica(lane, group, raft, state, restore) { SnapshotIndex = snapshotIndex, KeptCommit = log.Commit });
            if (found is null && configuration.Members.Count == 1) raft.Campaign();
        }
        if (fresh.IsEmpty) return;
        _log.Append(fresh);
        _log.Flush();
    }

    private Replica? AddReplica(Lane lane, uint group, RaftOptions options)
    {
        if (group >= _parts.GroupCount || !lane.Removals.MayOpen(group)) return null;
        var removed = lane.Removals.Of(group);
        var raft = new RaftGroup(Self, Configuration.Empty, new HardState(removed.Term, MemberId.None), new RaftLog(LogIndex.Zero, Term.Zero, []), options, _parts.NextRandom(), lane.NowMs, removed);
        var replica = new Replica(lane, group, raft, New(group), RestoreOf(group));
        lane.Log.AppendGroupMeta(group, Configuration.Empty.Encode());
        if (removed.Term > Term.Zero) lane.Log.AppendHardState(group, removed.Term.Value, MemberId.None.Value);
        lane.Add(replica);
        return replica;
    }

    private IGroupState New(uint group) =>
        group == 0 ? new MetaState(_parts.Began, _parts.Meta.Publish) : new ShardGroupState(new ShardState());

    private Func<ReadOnlyMemory<byte>, IGroupState> RestoreOf(uint group) => group == 0
        ? body => new MetaState(_parts.Began, _parts.Meta.Publish, body.Span)
        : body => new ShardGroupState(ShardState.ReadSnapshot(new ReadOnlySequence<byte>(body)));
}
