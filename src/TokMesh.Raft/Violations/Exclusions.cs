using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Violations;

/// <summary>
/// Members that this one has seen lose, or be owed, what a disk had promised to keep. It outlives leaderships: until the host says that a
/// member was started anew, this one counts neither its acknowledgements nor its votes, and gives it none.
/// </summary>
internal sealed class Exclusions
{
    private readonly Dictionary<MemberId, LogViolation> _members = [];
    private readonly List<(MemberId Id, LogViolation Violation, LogIndex Index, bool Tell)> _untold = [];

    public bool HasUntold => _untold.Count > 0;

    public LogViolation Of(MemberId id) => _members.GetValueOrDefault(id);

    public bool Contains(MemberId id) => _members.ContainsKey(id);

    /// <param name="id">Who.</param>
    /// <param name="violation">Why.</param>
    /// <param name="index">The position that shows it.</param>
    /// <param name="tell">Whether it does not know yet.</param>
    public void Add(MemberId id, LogViolation violation, LogIndex index, bool tell)
    {
        _members[id] = violation;
        _untold.Add((id, violation, index, tell));
    }

    public bool Remove(MemberId id) => _members.Remove(id);

    public void Flush(Message notice, IRaftOutput output)
    {
        foreach (var (id, violation, index, tell) in _untold)
        {
            if (tell) output.Send(notice with { To = id, Index = index, Violation = violation }, [], []);
            output.Excluded(id, violation, index);
        }
        _untold.Clear();
    }
}
