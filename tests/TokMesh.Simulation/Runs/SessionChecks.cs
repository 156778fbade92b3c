using System.Buffers;
using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Sessions;
using TokMesh.Cluster.States;
using TokMesh.Simulation.Clients;
using TokMesh.Simulation.Observing;
using TokMesh.Simulation.World;
using TokMesh.State.Names;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Simulation.Runs;

/// <summary>
/// What must hold about sessions when every fault has ended: names were never held twice, quotas kept, live sessions validate on every
/// node, nothing of the pointer protocol is left behind, and every name can be had again.
/// </summary>
internal sealed class SessionChecks(VirtualWorld world, SessionHistory history, NamePool pool)
{
    private const int DeadlineMs = 5000;

    /// <summary>Long enough for every reservation to lapse and to be asked about.</summary>
    public const int ReservationsLapseMs = NamePointer.MostReservedMs + 2_000;

    private VirtualNode[] Nodes => [.. world.Present];

    /// <summary>Before anything more is asked: closes the history.</summary>
    public void Names()
    {
        history.Close();
        MustBeNull(history.Exceeds(b => b.Token, 1), "A token led to several sessions");
        MustBeNull(history.Exceeds(b => b.Id?.ToString(), 1), "An id named several sessions");
        MustBeNull(history.Exceeds(b => b.User, VirtualNode.SessionsOfUser), "A quota was exceeded");
    }

    public void LiveSessionsValidateEverywhere(long end)
    {
        var names = history.Births.Where(b => b.Token is not null).Select(b => b.Token!).Distinct().ToArray();
        var asked = Nodes.SelectMany(n => names.Select(token => (Node: n, Token: token))).ToArray();
        var invoked = world.Time.NowUs;
        var replies = AskAll([.. asked.Select(a => (a.Node, (Func<SessionService, Caller, ValueTask<StoreReply>>)((s, c) => s.ValidateAsync(a.Token, false, c))))]);
        for (var i = 0; i < asked.Length; i++)
        {
            var token = asked[i].Token;
            Must(replies[i].Outcome == CallOutcome.Answered, $"Validating {token} at node {asked[i].Node.Id} ended as {replies[i].Outcome} {replies[i].Error}.");
            var seen = replies[i].IsOk ? Encoding.UTF8.GetString(new ReplyReader(replies[i].Body.Span).Session().DeviceId) : null;
            history.Saw(token, null, seen, invoked, world.Time.NowUs);
            var lives = history.Births.SingleOrDefault(b => b.Token == token && b.IsCertain && b.LivesUntil > end + 3_600_000_000);
            if (lives is not null && lives.Tag != seen)
                throw new SimulationFailure($"Session {lives.Tag} lives, but its token {token} leads to {seen ?? "nothing"} at node {asked[i].Node.Id}.") { Register = lives.Tag };
        }
    }

    public void QuotasAreKept()
    {
        var users = history.Births.Select(b => b.User).Distinct().ToArray();
        var replies = AskAll([.. users.Select(user => (Nodes[0], (Func<SessionService, Caller, ValueTask<StoreReply>>)(async (s, c) =>
            (await s.SearchAsync(new SessionSearch { UserId = Encoding.UTF8.GetBytes(user) }, c))[0])))]);
        for (var i = 0; i < users.Length; i++)
        {
            Must(replies[i].IsOk, $"The sessions of {users[i]} could not be listed: {replies[i].Outcome} {replies[i].Error}.");
            new ReplyReader(replies[i].Body.Span).SessionList(out var total, out _);
            Must(total <= VirtualNode.SessionsOfUser, $"User {users[i]} has {total} sessions; {VirtualNode.SessionsOfUser} are allowed.");
        }
    }

    public void NothingIsLeftUnconfirmed()
    {
        var query = new ArrayBufferWriter<byte>();
        QueryForms.UnconfirmedNames(query, 10);
        for (uint group = 1; group < world.GroupCount; group++)
        {
            var leader = world.LeaderOf(group) ?? throw new SimulationFailure($"Group {group} has no leader.") { Group = group };
            foreach (var member in world.ReplicaOf(leader, group)!.Raft.Configuration.Members)
            {
                if (world.Nodes[(int)member.Value - 1] is not { IsLost: false } node) continue;
                var shard = ((ShardGroupState)world.ReplicaOf(node, group)!.State).Shard;
                Must(shard.OutboxCount == 0, $"Group {group} at node {member}: {shard.OutboxCount} tasks are left.");
                var reply = new ArrayBufferWriter<byte>();
                shard.Query(query.WrittenSpan, long.MaxValue, reply);
                var left = new ReplyReader(reply.WrittenSpan).NamePointerList();
                Must(left == 0, $"Group {group} at node {member}: {left} reservations were never confirmed nor released.");
            }
        }
    }

    public void NamesAreFreeAgain()
    {
        var users = history.Births.Select(b => b.User).Distinct().ToArray();
        var nodes = Nodes;
        var ended = AskAll([.. users.Select(user => (nodes[1], (Func<SessionService, Caller, ValueTask<StoreReply>>)((s, c) => s.RevokeUserAsync(user, c))))]);
        foreach (var reply in ended) Must(reply.IsOk, $"A user could not be revoked: {reply.Outcome} {reply.Error}.");
        var heirs = Enumerable.Range(0, pool.Tokens.Count).Select(i => new NewSession
        {
            UserId = $"heir-{i}",
            Id = i < pool.Ids.Count ? pool.Ids[i] : null,
            Token = pool.Tokens[i],
            TtlMs = 3_600_000,
        }).ToArray();
        var created = AskAll([.. heirs.Select((heir, i) =>
            (nodes[i % nodes.Length], (Func<SessionService, Caller, ValueTask<StoreReply>>)(async (s, c) => (await s.CreateAsync(heir, c)).Reply)))]);
        for (var i = 0; i < heirs.Length; i++)
            Must(created[i].IsOk, $"{heirs[i].Token} and {heirs[i].Id} could not be had again: {created[i].Outcome} {created[i].Error} {created[i].Detail}");
    }

    private StoreReply[] AskAll(IReadOnlyList<(VirtualNode Node, Func<SessionService, Caller, ValueTask<StoreReply>> Call)> calls)
    {
        var boots = world.Nodes.Sum(n => n.Boots);
        var replies = calls.Select(c => c.Call(c.Node.Sessions!, new Caller(c.Node.MonotonicMs + DeadlineMs, Consistency.Linearizable, null, default, default)).AsTask()).ToArray();
        world.RunUntil(() => replies.All(r => r.IsCompleted), DeadlineMs + 1000, stepMs: 5);
        Must(world.Nodes.Sum(n => n.Boots) == boots, "A node went down though every fault has ended.");
        Must(replies.All(r => r.IsCompleted), "A call outlived its deadline though every fault has ended.");
        return [.. replies.Select(r => r.GetAwaiter().GetResult())];
    }

    private static void MustBeNull(string? problem, string what) => Must(problem is null, $"{what}: {problem}");

    private static void Must(bool holds, string otherwise)
    {
        if (!holds) throw new SimulationFailure(otherwise);
    }
}
