using System.Text.Json;
using TokMesh.Cluster.Replicas;
using TokMesh.Raft;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Wire;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Observing;

/// <summary>Writes one replica's events; what its Raft member does not say is found by comparing it with what it was before.</summary>
internal sealed class ReplicaTracer(Trace trace, VirtualNode node, Replica replica)
{
    private readonly List<Term> _log = [];
    private ulong _base;
    private Term _term;
    private MemberId _vote;
    private Role _role;
    private MemberId _leader;
    private LogIndex _commit;
    private Configuration _membership = Configuration.Empty;
    private ulong _snapshot = replica.SnapshotIndex;

    private RaftGroup Raft => replica.Raft;

    public void Recovered()
    {
        (_base, _term, _vote, _role, _leader, _commit) = (Raft.Log.Base.Value, Raft.Term, Raft.Vote, Raft.Role, Raft.Leader, Raft.Log.Commit);
        _membership = Raft.Configuration;
        var json = Begin("recovered");
        json.WriteNumber("vote", _vote.Value);
        json.WriteNumber("base", _base);
        json.WriteNumber("baseTerm", Raft.Log.BaseTerm.Value);
        json.WriteNumber("commit", _commit.Value);
        json.WriteStartArray("entries");
        foreach (var entry in Raft.Log.After(Raft.Log.Base, int.MaxValue, long.MaxValue))
        {
            _log.Add(entry.Term);
            WriteEntry(json, entry);
        }
        json.WriteEndArray();
        Trace.WriteConfiguration(json, _membership);
        trace.End();
    }

    public void Removed()
    {
        Begin("removed");
        trace.End();
    }

    public void Received(in Message message, IReadOnlyList<Entry> entries, int bytes)
    {
        var json = Begin("receive");
        WriteMessage(json, message, bytes);
        json.WriteStartArray("entries");
        foreach (var entry in entries) WriteEntry(json, entry);
        json.WriteEndArray();
        trace.End();
    }

    public void Sent(in Message message, ReadOnlySpan<Entry> entries, int bytes)
    {
        var json = Begin("send");
        WriteMessage(json, message, bytes);
        json.WriteStartArray("entries");
        foreach (var entry in entries) WriteEntry(json, entry);
        json.WriteEndArray();
        trace.End();
    }

    public void Persist(ulong seq, HardState? hardState, ReadOnlySpan<Entry> entries)
    {
        var json = Begin("persist");
        json.WriteNumber("write", seq);
        if (hardState is { } h)
        {
            json.WriteNumber("hardTerm", h.Term.Value);
            json.WriteNumber("hardVote", h.Vote.Value);
        }
        json.WriteStartArray("entries");
        foreach (var entry in entries) WriteEntry(json, entry);
        json.WriteEndArray();
        trace.End();
    }

    public void Persisted(ulong seq)
    {
        Begin("persisted").WriteNumber("write", seq);
        trace.End();
    }

    public void Applied(in Entry entry)
    {
        var json = Begin("apply");
        json.WriteNumber("index", entry.Index.Value);
        json.WriteNumber("entryTerm", entry.Term.Value);
        json.WriteString("hash", HashOf(entry));
        trace.End();
    }

    public void ReadReady(ulong context)
    {
        var json = Begin("read");
        json.WriteNumber("context", context);
        json.WriteNumber("applied", Raft.Log.Applied.Value);
        trace.End();
    }

    public void Installed(SnapshotMeta meta)
    {
        _log.Clear();
        _base = meta.Index.Value;
        _commit = meta.Index;
        _membership = meta.Configuration;
        WriteSnapshot("snapshot-installed", meta.Index.Value, meta.Term, meta.Configuration);
    }

    /// <summary>Tells what has changed since the last time.</summary>
    public void Stepped()
    {
        if (Raft.Vote != _vote && !Raft.Vote.IsNone)
        {
            Begin("vote").WriteNumber("for", Raft.Vote.Value);
            trace.End();
        }
        _vote = Raft.Vote;
        if ((Raft.Role, Raft.Leader, Raft.Term) != (_role, _leader, _term))
        {
            (_role, _leader, _term) = (Raft.Role, Raft.Leader, Raft.Term);
            var json = Begin("role");
            json.WriteString("role", _role.ToString());
            json.WriteNumber("leader", _leader.Value);
            trace.End();
        }
        CompareLogs();
        if (!ReferenceEquals(Raft.Configuration, _membership) && Raft.Configuration != _membership)
        {
            _membership = Raft.Configuration;
            Trace.WriteConfiguration(Begin("membership"), _membership);
            trace.End();
        }
        if (Raft.Log.Commit != _commit)
        {
            _commit = Raft.Log.Commit;
            Begin("commit").WriteNumber("index", _commit.Value);
            trace.End();
        }
        if (replica.SnapshotIndex > _snapshot && Raft.Log.Base.Value != replica.SnapshotIndex)
            WriteSnapshot("snapshot-taken", replica.SnapshotIndex, null, null);
        _snapshot = replica.SnapshotIndex;
    }

    private void CompareLogs()
    {
        var log = Raft.Log;
        var known = _base + (ulong)_log.Count;
        if (log.Last.Value == known && (_log.Count == 0 || log.LastTerm == _log[^1])) return;
        // Entries of equal index and term are equal, and so is everything before them.
        var same = Math.Min(known, log.Last.Value);
        while (same > Math.Max(_base, log.Base.Value) && log.TermAt(new LogIndex(same)) != _log[(int)(same - _base - 1)]) same--;
        if (same < known)
        {
            _log.RemoveRange((int)(same - _base), (int)(known - same));
            Begin("truncate").WriteNumber("last", same);
            trace.End();
        }
        foreach (var entry in log.After(new LogIndex(same), int.MaxValue, long.MaxValue))
        {
            _log.Add(entry.Term);
            WriteEntryFields(Begin("append"), entry);
            trace.End();
        }
    }

    private Utf8JsonWriter Begin(string what) => trace.Begin(what, node.Id, replica.Group, Raft.Term);

    private void WriteSnapshot(string what, ulong index, Term? term, Configuration? configuration)
    {
        var json = Begin(what);
        json.WriteNumber("index", index);
        if (term is { } t) json.WriteNumber("entryTerm", t.Value);
        if (configuration is not null) Trace.WriteConfiguration(json, configuration);
        trace.End();
    }

    private static void WriteMessage(Utf8JsonWriter json, in Message message, int bytes)
    {
        json.WriteString("type", message.Type.ToString());
        json.WriteNumber("from", message.From.Value);
        json.WriteNumber("to", message.To.Value);
        json.WriteNumber("messageTerm", message.Term.Value);
        json.WriteNumber("index", message.Index.Value);
        json.WriteNumber("logTerm", message.LogTerm.Value);
        json.WriteNumber("commit", message.Commit.Value);
        json.WriteBoolean("reject", message.Reject);
        json.WriteNumber("hint", message.Hint.Value);
        json.WriteNumber("context", message.Context);
        json.WriteNumber("offset", message.Offset);
        json.WriteNumber("total", message.Total);
        json.WriteNumber("bytes", bytes);
    }

    private static void WriteEntry(Utf8JsonWriter json, in Entry entry)
    {
        json.WriteStartObject();
        WriteEntryFields(json, entry);
        json.WriteEndObject();
    }

    private static void WriteEntryFields(Utf8JsonWriter json, in Entry entry)
    {
        json.WriteNumber("index", entry.Index.Value);
        json.WriteNumber("entryTerm", entry.Term.Value);
        json.WriteString("kind", entry.Type == EntryType.Configuration ? "membership" : "command");
        json.WriteNumber("size", entry.Payload.Length);
        json.WriteString("hash", HashOf(entry));
        if (entry.Type != EntryType.Configuration) return;
        var payload = entry.Payload.Span;
        Trace.WriteConfiguration(json, Configuration.Decode(ref payload));
    }

    // As text: 64 bits do not fit the numbers of every JSON reader.
    private static string HashOf(in Entry entry) => Invariants.HashOf(entry).ToString("x16");
}
