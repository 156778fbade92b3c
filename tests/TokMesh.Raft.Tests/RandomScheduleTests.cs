using TokMesh.Raft.Tests.Schedule;

namespace TokMesh.Raft.Tests;

/// <summary>Anything may be lost, doubled, delayed, reordered, cut off or crashed at any moment; the properties hold, and afterwards the group heals.</summary>
public sealed class RandomScheduleTests
{
    public static TheoryData<int> Seeds()
    {
        var data = new TheoryData<int>();
        var count = int.Parse(Environment.GetEnvironmentVariable("TOKMESH_SEEDS") ?? "150");
        for (var seed = 1; seed <= count; seed++) data.Add(seed);
        return data;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Safety_holds_under_any_schedule_and_the_group_heals(int seed)
    {
        var random = new Random(seed);
        var options = new RaftOptions
        {
            MaxEntriesPerAppend = random.Next(1, 6),
            MaxInflightAppends = random.Next(1, 6),
            MaxUncommittedBytes = 4000,
            SnapshotChunkBytes = 100,
            SnapshotWindow = random.Next(1, 4),
            LeaseReads = random.Next(2) == 0,
            MaxEntriesPerApply = random.Next(1, 20),
        };
        var cluster = new Cluster(voters: random.Next(3) switch { 0 => 3, 1 => 5, _ => 4 }, learners: random.Next(2), options, strangers: random.Next(3));
        var cut = new HashSet<(uint, uint)>();
        for (var step = 0; step < 4000; step++)
        {
            var member = cluster.Members[random.Next(cluster.Members.Length)];
            switch (random.Next(100))
            {
                case < 45 when cluster.Wire.Count > 0:
                    // Mostly the oldest, sometimes any: reordering.
                    var position = random.Next(4) == 0 ? random.Next(cluster.Wire.Count) : 0;
                    var (message, bytes) = cluster.Wire[position];
                    if (cut.Contains((message.From.Value, message.To.Value)) || random.Next(40) == 0) cluster.Wire.RemoveAt(position);
                    else
                    {
                        if (random.Next(40) == 0) cluster.Wire.Add((message, bytes));
                        cluster.Deliver(position);
                    }
                    break;
                case < 65 when member.IsUp:
                    member.PersistOne();
                    break;
                case < 80:
                    cluster.Now += random.Next(1, 40);
                    foreach (var m in cluster.Members) if (m.IsUp && random.Next(5) > 0) m.Tick();
                    break;
                case < 88 when cluster.Leader is { } leader:
                    var payload = new byte[random.Next(1, 60)];
                    random.NextBytes(payload);
                    cluster.Propose(leader, payload);
                    break;
                case < 92:
                    foreach (var m in cluster.Members)
                        if (m.IsUp && m.Group.Role == Role.Leader) cluster.Read(m);
                    break;
                case 92 when member.IsUp:
                    if (random.Next(3) == 0) member.PersistOne(tell: false);
                    member.Crash();
                    break;
                case 93 or 94 when !member.IsUp:
                    member.Start();
                    break;
                case 95 when member.IsUp:
                    member.Compact(random.Next(3) * 300);
                    break;
                case 96 when random.Next(4) == 0:
                    cut.Clear();
                    foreach (var a in cluster.Members)
                        foreach (var b in cluster.Members)
                            if (random.Next(4) == 0) cut.Add((a.Id.Value, b.Id.Value));
                    break;
                case 97:
                    cut.Clear();
                    break;
                case 99:
                    foreach (var m in cluster.Members)
                        if (m.IsUp && m.Group.Role == Role.Leader && random.Next(2) == 0) cluster.Change(m, AnotherMembership(m.Group.Configuration, cluster, random));
                    break;
                case 98:
                    foreach (var m in cluster.Members)
                    {
                        if (!m.IsUp || m.Group.Role != Role.Leader || random.Next(2) == 0) continue;
                        m.Group.Transfer(member.Id);
                        m.Group.Drain(m);
                    }
                    break;
            }
            while (cluster.Wire.Count > 400) cluster.Wire.RemoveAt(random.Next(cluster.Wire.Count));
        }

        cluster.Wire.Clear();
        foreach (var m in cluster.Members) if (!m.IsUp) m.Start();
        cluster.Run(3000);
        var healed = cluster.RunUntilLeader();
        Assert.True(cluster.Propose(healed, [1, 2, 3]));
        cluster.Run(1500);
        cluster.CheckConverged();
        Assert.True(cluster.LastCommitted > LogIndex.Zero);
    }

    /// <summary>Moves each member, with some luck, to another standing: stranger, learner, voter.</summary>
    private static Configuration AnotherMembership(Configuration now, Cluster cluster, Random random)
    {
        var voters = new List<MemberId>();
        var learners = new List<MemberId>();
        foreach (var member in cluster.Members)
        {
            var standing = now.Voters.Contains(member.Id) ? 2 : now.Learners.Contains(member.Id) ? 1 : 0;
            if (random.Next(3) == 0) standing = random.Next(3);
            if (standing == 2) voters.Add(member.Id);
            else if (standing == 1) learners.Add(member.Id);
        }
        return Configuration.Of(voters, learners);
    }
}
