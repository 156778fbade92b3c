using System.Collections.Concurrent;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests;

/// <summary>Elections over every network of five members; single cases are scenarios. Numbers are those of the known bugs.</summary>
public sealed class ElectionTests
{
    private const int Members = 5;

    [Fact]
    public void Whatever_links_are_cut_terms_do_not_grow_without_end_and_the_group_heals() // 7
    {
        var networks = Networks();
        // As many as there are directed graphs of five unlabelled nodes (OEIS A000273).
        Assert.Equal(9608, networks.Count);
        var bad = new ConcurrentQueue<string>();
        Parallel.ForEach(networks, links =>
        {
            if (Problem(links) is { } problem) bad.Enqueue($"links {links:x5}: {problem}");
        });
        Assert.Empty(bad);
    }

    private static string? Problem(int links)
    {
        var cluster = new Cluster(Members);
        cluster.Run(5000, m => IsUp(links, m));
        var before = cluster.Members.Max(m => m.Group.Term.Value);
        cluster.Run(10_000, m => IsUp(links, m));
        var grown = cluster.Members.Max(m => m.Group.Term.Value) - before;
        if (grown > 12) return $"in 10 s the term grew by {grown}";
        cluster.Run(4000);
        return cluster.Leader is { Group.IsEstablished: true } ? null : "it did not heal";
    }

    private static bool IsUp(int links, in Message m) => (links >> Bit((int)m.From.Value - 1, (int)m.To.Value - 1) & 1) != 0;

    private static int Bit(int from, int to) => from * (Members - 1) + (to < from ? to : to - 1);

    /// <summary>Every set of links between five members, one way each; of those that differ by the members' names only one.</summary>
    private static List<int> Networks()
    {
        var orders = Orders([], [.. Enumerable.Range(0, Members)]).ToArray();
        var seen = new bool[1 << (Members * (Members - 1))];
        var networks = new List<int>();
        for (var links = 0; links < seen.Length; links++)
        {
            if (seen[links]) continue;
            networks.Add(links);
            foreach (var order in orders) seen[Renamed(links, order)] = true;
        }
        return networks;
    }

    private static int Renamed(int links, int[] order)
    {
        var renamed = 0;
        for (var from = 0; from < Members; from++)
        {
            for (var to = 0; to < Members; to++)
                if (from != to && (links >> Bit(from, to) & 1) != 0) renamed |= 1 << Bit(order[from], order[to]);
        }
        return renamed;
    }

    private static IEnumerable<int[]> Orders(int[] begun, int[] left) =>
        left.Length == 0 ? [begun] : left.SelectMany(next => Orders([.. begun, next], [.. left.Where(i => i != next)]));
}
