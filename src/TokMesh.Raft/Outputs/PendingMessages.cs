using TokMesh.Raft.Log;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Outputs;

/// <summary>
/// Messages that wait for the disk. Each names the write it depends on and the term it was made in; it leaves when that write is
/// durable, and never after the term has changed: an answer of an older role must not count in a newer one (pitfall 3).
/// </summary>
internal sealed class PendingMessages
{
    private readonly List<(Message Message, ulong After, Term MadeIn)> _waiting = [];

    public bool IsEmpty => _waiting.Count == 0;

    public void Add(in Message message, ulong after, Term term) => _waiting.Add((message, after, term));

    public void Flush(ulong persisted, Term term, IRaftOutput output)
    {
        if (_waiting.Count == 0) return;
        var kept = 0;
        for (var i = 0; i < _waiting.Count; i++)
        {
            var item = _waiting[i];
            if (item.MadeIn != term) continue;
            if (item.After <= persisted) output.Send(item.Message, [], []);
            else _waiting[kept++] = item;
        }
        _waiting.RemoveRange(kept, _waiting.Count - kept);
    }

    /// <summary>Whether something could leave now that this write is durable.</summary>
    public bool HasDue(ulong persisted)
    {
        foreach (var item in _waiting)
            if (item.After <= persisted) return true;
        return false;
    }
}
