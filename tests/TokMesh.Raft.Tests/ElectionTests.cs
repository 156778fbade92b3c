using TokMesh.Raft.Tests.Schedule;

namespace TokMesh.Raft.Tests;

/// <summary>Elections over networks drawn at random; single cases are scenarios. Numbers are those of the known bugs.</summary>
public sealed class ElectionTests
{
    public static TheoryData<int> LinkSubsets()
    {
        var data = new TheoryData<int>();
        for (var i = 0; i < 400; i++) data.Add(i);
        return data;
    }

    [Theory]
    [MemberData(nameof(LinkSubsets))]
    public void Partial_connectivity_never_makes_terms_grow_without_end(int seed) // 7
    {
        var cluster = new Cluster(voters: 5);
        var random = new Random(seed);
        var cut = new HashSet<(MemberId, MemberId)>();
        foreach (var a in cluster.Members)
            foreach (var b in cluster.Members)
                if (a != b && random.Next(3) == 0) cut.Add((a.Id, b.Id));
        cluster.Run(5000, m => !cut.Contains((m.From, m.To)));
        var before = cluster.Members.Max(m => m.Group.Term.Value);
        cluster.Run(20_000, m => !cut.Contains((m.From, m.To)));
        var grown = cluster.Members.Max(m => m.Group.Term.Value) - before;
        Assert.True(grown <= 25, $"In 20 s the term grew by {grown}.");
        cluster.Run(8000);
        cluster.RunUntilLeader();
    }
}
