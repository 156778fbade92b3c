using System.Text.Json;

namespace TokMesh.Simulation.Traces;

/// <summary>
/// Checks a run from its trace alone, as docs/verification.md describes it: knows nothing of the code that made it. Finds what must
/// not be: two leaders of a term, logs that do not match, a leader without a committed entry, an acknowledgement or a commit that
/// the disks do not bear out, states that differ, a message that nobody sent.
/// </summary>
internal sealed class TraceChecker
{
    private readonly Dictionary<(uint Node, uint Group), Member> _members = [];
    private readonly Dictionary<(uint Group, ulong Term), uint> _leaders = [];
    private readonly Dictionary<(uint Group, ulong Index, ulong Term), (string Hash, ulong PreviousTerm)> _entries = [];
    private readonly Dictionary<(uint Group, ulong Index), (ulong EntryTerm, ulong ByTerm)> _committed = [];
    private readonly Dictionary<(uint Group, ulong Index), string> _applied = [];
    private readonly Dictionary<(uint Node, uint Group, ulong Term), uint> _votes = [];
    private readonly Dictionary<uint, Membership> _founded = [];
    private readonly HashSet<string> _sent = [];
    private readonly CallChecker _calls = new();

    /// <summary>How many events of each kind were checked.</summary>
    public Dictionary<string, int> Seen { get; } = [];

    /// <summary>What is wrong; null when nothing is.</summary>
    public static string? Check(IEnumerable<string> lines, out TraceChecker checker)
    {
        checker = new TraceChecker();
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            try
            {
                using var document = JsonDocument.Parse(line);
                checker.Take(document.RootElement);
            }
            catch (TraceViolation e)
            {
                return $"line {number}: {e.Message}\n{line}";
            }
        }
        return checker._calls.Problem();
    }

    private void Take(JsonElement e)
    {
        var what = e.GetProperty("event").GetString()!;
        Seen[what] = Seen.GetValueOrDefault(what) + 1;
        switch (what)
        {
            case "run":
                foreach (var group in e.GetProperty("groups").EnumerateArray()) _founded[group.GetProperty("group").GetUInt32()] = Membership.Of(group);
                return;
            case "crash":
                foreach (var (key, member) in _members)
                    if (key.Node == e.GetProperty("node").GetUInt32()) member.Crash();
                return;
            case "replaced":
                foreach (var (key, member) in _members)
                    if (key.Node == e.GetProperty("node").GetUInt32()) member.Replaced();
                return;
            case "call":
                _calls.Called(e);
                return;
            case "answer":
                _calls.Answered(e);
                return;
            case "start" or "fault" or "end":
                return;
        }
        var (node, g, term) = (e.GetProperty("node").GetUInt32(), e.GetProperty("group").GetUInt32(), e.GetProperty("term").GetUInt64());
        if (!_members.TryGetValue((node, g), out var m)) _members[(node, g)] = m = new Member { Membership = _founded[g] };
        switch (what)
        {
            case "recovered":
                m.Recover(e, term);
                // A commit position that was on the disk is as good as one that was heard.
                Commit(e.GetProperty("commit").GetUInt64(), node, g, term, m);
                break;
            case "removed":
                m.Removed();
                break;
            case "receive":
                if (!_sent.Contains(MessageOf(e))) throw new TraceViolation("a message arrived that was not sent");
                break;
            case "send":
                _sent.Add(MessageOf(e));
                Sent(e, node, g, m);
                break;
            case "role" when e.GetProperty("role").ValueEquals("Leader"):
                Leads(node, g, term, m);
                break;
            case "append":
                Append(e, g, m);
                break;
            case "truncate":
                var last = e.GetProperty("last").GetUInt64();
                if (last < m.Commit) throw new TraceViolation($"committed entries after {last} were truncated; {m.Commit} was committed");
                m.Log.TruncateAfter(last);
                break;
            case "persist":
                m.Persist(e);
                break;
            case "persisted":
                m.Persisted(e.GetProperty("write").GetUInt64());
                break;
            case "membership":
                m.Membership = Membership.Of(e);
                break;
            case "commit":
                Commit(e.GetProperty("index").GetUInt64(), node, g, term, m);
                break;
            case "apply":
                Apply(e, g, m);
                break;
            case "snapshot-installed":
                m.Install(e.GetProperty("index").GetUInt64(), e.GetProperty("entryTerm").GetUInt64());
                m.Membership = Membership.Of(e);
                break;
        }
    }

    // Everything of a message but who saw it when.
    private static string MessageOf(JsonElement e) => string.Join(' ', e.EnumerateObject().Where(f => f.Name is not ("t" or "event" or "node" or "term")).Select(f => f.Value.GetRawText()));

    private void Sent(JsonElement e, uint node, uint group, Member m)
    {
        if (e.GetProperty("reject").GetBoolean()) return;
        var (to, messageTerm) = (e.GetProperty("to").GetUInt32(), e.GetProperty("messageTerm").GetUInt64());
        if (e.GetProperty("type").ValueEquals("VoteReply"))
        {
            if ((m.DurableTerm, m.DurableVote) != (messageTerm, to)) throw new TraceViolation("a vote left that is not on the disk");
            if (!_votes.TryAdd((node, group, messageTerm), to) && _votes[(node, group, messageTerm)] != to) throw new TraceViolation("two votes were given in one term");
        }
        else if (e.GetProperty("type").ValueEquals("AppendReply") && e.GetProperty("index").GetUInt64() > m.Durable.Last)
            throw new TraceViolation($"an entry was acknowledged, but the disk ends at {m.Durable.Last}");
    }

    private void Leads(uint node, uint group, ulong term, Member m)
    {
        if (!_leaders.TryAdd((group, term), node) && _leaders[(group, term)] != node) throw new TraceViolation($"node {_leaders[(group, term)]} leads this term too");
        foreach (var ((g, index), (entryTerm, byTerm)) in _committed)
        {
            if (g == group && byTerm < term && index > m.Log.Base && m.Log.TermAt(index) != entryTerm)
                throw new TraceViolation($"a leader lacks entry {index} of term {entryTerm}, which was committed in term {byTerm}");
        }
    }

    private void Append(JsonElement e, uint group, Member m)
    {
        var entry = LogEntry.Of(e);
        if (entry.Index != m.Log.Last + 1) throw new TraceViolation($"entry {entry.Index} was appended after {m.Log.Last}");
        var previous = m.Log.TermAt(entry.Index - 1) ?? 0;
        if (!_entries.TryAdd((group, entry.Index, entry.Term), (entry.Hash, previous)) && _entries[(group, entry.Index, entry.Term)] != (entry.Hash, previous))
            throw new TraceViolation("logs do not match: the same index and term hold, or follow, something else elsewhere");
        m.Log.Add(entry.Term);
    }

    private void Commit(ulong index, uint node, uint group, ulong term, Member m)
    {
        if (index > m.Log.Last) throw new TraceViolation($"entry {index} is committed; the log ends at {m.Log.Last}");
        // A leader that was started again recovers what it committed under an earlier membership; that was checked then.
        var isKnown = _committed.ContainsKey((group, index));
        for (var i = Math.Max(m.Commit, m.Log.Base) + 1; i <= index; i++)
        {
            var entryTerm = m.Log.TermAt(i)!.Value;
            if (!_committed.TryAdd((group, i), (entryTerm, term)) && _committed[(group, i)].EntryTerm != entryTerm) throw new TraceViolation($"two entries are committed at {i}");
        }
        m.Commit = index;
        if (isKnown || _leaders.GetValueOrDefault((group, term)) != node) return;
        bool Holds(uint id) => _members.TryGetValue((id, group), out var other)
            && (other.Durable.Base >= index || other.Durable.TermAt(index) == m.Log.TermAt(index) || other.Former.TermAt(index) == m.Log.TermAt(index));
        if (!m.Membership.HasMajority(Holds)) throw new TraceViolation($"entry {index} is committed, but not on the disks of a majority");
    }

    private void Apply(JsonElement e, uint group, Member m)
    {
        var index = e.GetProperty("index").GetUInt64();
        var hash = e.GetProperty("hash").GetString()!;
        if (index != m.Applied + 1) throw new TraceViolation($"entry {index} was applied after {m.Applied}");
        if (index > m.Commit) throw new TraceViolation($"entry {index} was applied; {m.Commit} is committed");
        m.Applied = index;
        if (!_applied.TryAdd((group, index), hash) && _applied[(group, index)] != hash) throw new TraceViolation("another node applied something else here");
    }
}

/// <summary>A trace shows something that must not be.</summary>
internal sealed class TraceViolation(string message) : Exception(message);
