using TokMesh.Cluster.Errors;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Health;

/// <summary>Something that is wrong, as all nodes together say it.</summary>
/// <param name="Condition">What it is: since when the first of them has seen it, and about how many groups.</param>
/// <param name="ReportedBy">Who says so, ascending.</param>
public sealed record SharedCondition(Condition Condition, IReadOnlyList<MemberId> ReportedBy);

/// <summary>When another member was last heard.</summary>
/// <param name="Node">The member.</param>
/// <param name="AgeMs">How old its last report is, in milliseconds; null when there was none since this node started.</param>
/// <param name="IsStale">Whether that is too long: what the report said does not count any more.</param>
public sealed record ReportAge(MemberId Node, long? AgeMs, bool IsStale);

/// <summary>The cluster's health as far as one node has heard.</summary>
public sealed record ClusterHealth
{
    /// <summary>What is wrong, by code.</summary>
    public required IReadOnlyList<SharedCondition> Conditions { get; init; }

    /// <summary>The other members, by number.</summary>
    public required IReadOnlyList<ReportAge> Reports { get; init; }

    /// <summary>How bad it is altogether; <see cref="Severity.Info"/> when all is well.</summary>
    public Severity Worst => Conditions.Count == 0 ? Severity.Info : Conditions.Max(static c => c.Condition.Severity);

    /// <summary>Lays what nodes say one over the other.</summary>
    /// <param name="reports">Each node's conditions.</param>
    internal static IReadOnlyList<SharedCondition> Combine(IEnumerable<(MemberId Node, IReadOnlyList<Condition> Conditions)> reports)
    {
        var all = new SortedDictionary<(HealthCode, uint), SharedCondition>();
        foreach (var (node, conditions) in reports.OrderBy(r => r.Node.Value))
        {
            foreach (var condition in conditions)
            {
                var key = (condition.Code, condition.Subject.Value);
                all[key] = all.TryGetValue(key, out var known) ? Combine(known, condition, node) : new SharedCondition(condition, [node]);
            }
        }
        return [.. all.Values];
    }

    private static SharedCondition Combine(SharedCondition known, Condition more, MemberId node)
    {
        var one = known.Condition;
        return new SharedCondition(one with
        {
            SinceMs = Math.Min(one.SinceMs, more.SinceMs),
            Groups = HealthCodes.AddsUp(one.Code) ? one.Groups + more.Groups : Math.Max(one.Groups, more.Groups),
            Examples = [.. one.Examples.Concat(more.Examples).Distinct().Order().Take(Condition.MaxExamples)],
            Detail = one.Detail.Length > 0 ? one.Detail : more.Detail,
        }, [.. known.ReportedBy, node]);
    }
}
