using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Faults;

/// <summary>
/// Changes the memberships of groups, one step after another, under load and faults: learners added and taken away, promoted and
/// demoted, voters removed and replaced. No group has fewer than three voters or more than four.
/// </summary>
internal sealed class MembershipDriver(VirtualWorld world, Random random)
{
    private const int FewestVoters = 3;
    private const int MostVoters = 4;

    /// <summary>Changes of which a leader knew that they are committed.</summary>
    public int Committed { get; private set; }

    /// <summary>Changes taken by a leader.</summary>
    public int Accepted { get; private set; }

    public bool Stopped { get; set; }

    public void Start() => world.Time.After(random.Next(100_000, 900_000), Next);

    private void Next()
    {
        if (Stopped) return;
        var group = (uint)random.Next(world.GroupCount);
        if (world.LeaderOf(group) is { } leader && Step(world.ReplicaOf(leader, group)!.Raft.Configuration) is { } target)
        {
            leader.Node!.ChangeMembers(group, target, (status, _) =>
            {
                if (status != ChangeStatus.Accepted) return;
                Accepted++;
                world.Time.Note(group);
                Look(group, target, 0);
            });
        }
        world.Time.After(random.Next(100_000, 900_000), Next);
    }

    private void Look(uint group, Configuration target, int times)
    {
        if (world.LeaderOf(group) is { } leader && world.ReplicaOf(leader, group)!.Raft is var raft && raft.ConfigurationAt(raft.Log.Commit).Equals(target)) Committed++;
        else if (times < 40) world.Time.After(50_000, () => Look(group, target, times + 1));
    }

    /// <summary>Some membership one step away; null when nothing comes to mind.</summary>
    private Configuration? Step(Configuration now)
    {
        if (now.IsJoint) return null;
        var others = world.Present.Select(n => n.Id).Where(n => !now.Contains(n)).ToArray();
        var voters = now.Voters.ToList();
        var learners = now.Learners.ToList();
        switch (random.Next(5))
        {
            case 0 or 1 when others.Length > 0:
                learners.Add(others[random.Next(others.Length)]);
                break;
            case 2 when learners.Count > 0 && voters.Count < MostVoters:
                voters.Add(Take(learners));
                break;
            case 3 when learners.Count > 0:
                // The one that makes room may be the leader.
                var (newcomer, leaving) = (Take(learners), Take(voters));
                voters.Add(newcomer);
                if (random.Next(2) == 0) learners.Add(leaving);
                break;
            case 4 when voters.Count > FewestVoters:
                var demoted = Take(voters);
                if (random.Next(2) == 0) learners.Add(demoted);
                break;
            case 4 when learners.Count > 0:
                Take(learners);
                break;
            default:
                return null;
        }
        return Configuration.Of(voters, learners);
    }

    private MemberId Take(List<MemberId> members)
    {
        var at = random.Next(members.Count);
        var member = members[at];
        members.RemoveAt(at);
        return member;
    }
}
