using TokMesh.Cluster.Errors;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Health;

/// <summary>Something that is wrong now, as one node says it.</summary>
/// <param name="Code">What it is.</param>
/// <param name="Subject">About which member; none when it is about groups.</param>
/// <param name="SinceMs">Unix milliseconds at which it was first seen.</param>
public sealed record Condition(HealthCode Code, MemberId Subject, long SinceMs)
{
    /// <summary>Most examples that are kept.</summary>
    public const int MaxExamples = 5;

    /// <summary>Longest <see cref="Detail"/>, in characters.</summary>
    public const int MaxDetailLength = 200;

    /// <summary>How many groups it concerns: shards, and meta; 0 when it is not about groups.</summary>
    public int Groups { get; init; }

    /// <summary>Some of them, ascending: 0 is meta, shard s is group s + 1.</summary>
    public IReadOnlyList<uint> Examples { get; init; } = [];

    /// <summary>More about it, in words; may be empty. Never holds secrets or data.</summary>
    public string Detail { get; init; } = "";

    /// <summary>How bad it is.</summary>
    public Severity Severity => HealthCodes.SeverityOf(Code);

    /// <summary>What is wrong and what to do, in one line.</summary>
    /// <param name="nodeId">The node id of a member.</param>
    public string Describe(Func<MemberId, string> nodeId)
    {
        var groups = Groups == 1 ? "1 group" : $"{Groups} groups";
        if (Examples.Count > 0) groups += $" ({string.Join(", ", Examples.Select(static g => g == 0 ? "meta" : $"shard {g - 1}"))}{(Examples.Count < Groups ? ", …" : "")})";
        var detail = Detail.Length > 0 ? $" ({Detail})" : "";
        return $"{HealthCodes.What(Code, Subject.IsNone ? "" : nodeId(Subject), groups)}{detail}: {HealthCodes.Remedy(Code)}.";
    }
}

/// <summary>What one round of looking found of one condition.</summary>
internal sealed class Finding
{
    private readonly List<uint> _examples = [];

    public int Groups { get; private set; }

    public IReadOnlyList<uint> Examples => _examples;

    public string Detail { get; set; } = "";

    public void Add(uint group)
    {
        Groups++;
        Keep(group);
    }

    public void Add(Finding other)
    {
        Groups += other.Groups;
        foreach (var group in other._examples) Keep(group);
        if (Detail.Length == 0) Detail = other.Detail;
    }

    private void Keep(uint group)
    {
        var at = _examples.BinarySearch(group);
        if (at >= 0) return;
        _examples.Insert(~at, group);
        if (_examples.Count > Condition.MaxExamples) _examples.RemoveAt(Condition.MaxExamples);
    }
}
