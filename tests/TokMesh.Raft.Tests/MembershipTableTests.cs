using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Tests.Harness;

namespace TokMesh.Raft.Tests;

/// <summary>
/// Every change between memberships of four: what is answered, what is logged on the way, and that every member reads back the
/// membership that was asked for (pitfall 29).
/// </summary>
public sealed class MembershipTableTests
{
    private const int Members = 4;

    // A membership is a digit to a member: 0 for a stranger, 1 for a learner, 2 for a voter.
    public static TheoryData<string> Starts() => [.. Standings().Where(s => s[0] == '2')];

    [Theory]
    [MemberData(nameof(Starts))]
    public void Every_change_ends_with_the_membership_that_was_asked_for(string start)
    {
        foreach (var target in Standings()) Check(start, target);
    }

    private static void Check(string start, string target)
    {
        var (current, next) = (Read(start), Read(target));
        var cluster = new Cluster(voters: 0, strangers: Members, founders: current);
        var leader = cluster[1];
        leader.Group.Campaign();
        leader.Drain();
        cluster.Settle();
        // Learners are caught up once they have answered; nobody lags in this table.
        Assert.True(leader.Group.IsEstablished);

        var status = cluster.Change(leader, next);
        Assert.True(Expected(start, target) == status, $"{start} to {target} was answered {status}.");
        // A heartbeat later everybody knows what is committed.
        cluster.Run(120);
        if (status != ChangeStatus.Accepted)
        {
            Assert.Equal(current, leader.Group.Configuration);
            Assert.Empty(Logged(leader));
            return;
        }
        var moved = Enumerable.Range(0, Members).Count(i => (start[i] == '2') != (target[i] == '2'));
        Configuration[] steps = moved <= 1 ? [next] : [next with { VotersOutgoing = current.Voters }, next];
        foreach (var id in next.Members)
        {
            var member = cluster[id]!;
            Assert.True(next.Equals(member.Group.Configuration), $"{start} to {target}: member {id} has {member.Group.Configuration}.");
            Assert.Equal(next, member.Group.ConfigurationAt(member.Group.Log.Commit));
            Assert.Equal(steps, Logged(member));
        }
    }

    private static ChangeStatus Expected(string start, string target)
    {
        if (!target.Contains('2')) return ChangeStatus.Invalid;
        if (start == target) return ChangeStatus.Unchanged;
        return Enumerable.Range(0, Members).Any(i => start[i] == '0' && target[i] == '2') ? ChangeStatus.Invalid : ChangeStatus.Accepted;
    }

    /// <summary>The memberships on a member's disk, decoded again.</summary>
    private static Configuration[] Logged(Member member) => [.. member.DiskEntries.Where(e => e.Type == EntryType.Configuration).Select(e =>
    {
        var payload = e.Payload.Span;
        return Configuration.Decode(ref payload);
    })];

    private static IEnumerable<string> Standings() =>
        from a in "012" from b in "012" from c in "012" from d in "012" select string.Concat(a, b, c, d);

    private static Configuration Read(string standings) => Configuration.Of(
        Enumerable.Range(0, Members).Where(i => standings[i] == '2').Select(i => new MemberId((uint)i + 1)),
        Enumerable.Range(0, Members).Where(i => standings[i] == '1').Select(i => new MemberId((uint)i + 1)));
}
