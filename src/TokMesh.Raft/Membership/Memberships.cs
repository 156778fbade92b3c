using TokMesh.Raft.Log;

namespace TokMesh.Raft.Membership;

/// <summary>
/// The memberships the log tells of. The newest one is in force from the moment its entry is appended (dissertation, section 4.1),
/// and no longer when that entry is truncated; a snapshot needs the one at its own position.
/// </summary>
internal sealed class Memberships
{
    private readonly RaftLog _log;
    private readonly List<(LogIndex Index, Term Term, Configuration Configuration)> _known;

    public Memberships(RaftLog log, Configuration atBase)
    {
        _log = log;
        _known = [(log.Base, log.BaseTerm, atBase)];
        Follow(log.After(log.Base, int.MaxValue, long.MaxValue));
    }

    /// <summary>In force.</summary>
    public Configuration Latest => _known[^1].Configuration;

    /// <summary>Where the one in force stands in the log.</summary>
    public LogIndex LatestIndex => _known[^1].Index;

    /// <summary>The one in force at a position that the log still covers.</summary>
    public Configuration At(LogIndex index)
    {
        var i = _known.Count - 1;
        while (i > 0 && _known[i].Index > index) i--;
        return _known[i].Configuration;
    }

    /// <summary>Entries were appended, perhaps after others were truncated.</summary>
    public void Follow(ReadOnlySpan<Entry> entries)
    {
        while (_known.Count > 1 && !_log.Matches(_known[^1].Index, _known[^1].Term)) _known.RemoveAt(_known.Count - 1);
        foreach (var entry in entries)
        {
            if (entry.Type != EntryType.Configuration || entry.Index <= LatestIndex || !_log.Matches(entry.Index, entry.Term)) continue;
            var payload = entry.Payload.Span;
            _known.Add((entry.Index, entry.Term, Configuration.Decode(ref payload)));
        }
    }

    /// <summary>The log begins later now.</summary>
    public void Compacted()
    {
        // The one in force at the base stays: it is committed, and the log cannot be truncated below it.
        while (_known.Count > 1 && _known[1].Index <= _log.Base) _known.RemoveAt(0);
    }

    /// <summary>The log was replaced by a snapshot.</summary>
    public void Reset(Configuration configuration)
    {
        _known.Clear();
        _known.Add((_log.Base, _log.BaseTerm, configuration));
    }
}
