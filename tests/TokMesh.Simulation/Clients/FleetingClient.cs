using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Placement;
using TokMesh.Simulation.Observing;
using TokMesh.Simulation.World;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Simulation.Clients;

/// <summary>
/// A caller that sets keys which end by themselves, and looks at them on every node at bounded and local level until after their end:
/// wherever that node's clock goes, nothing is called expired before its time or shown alive after it, as far as clocks are allowed to
/// differ and the level allows to be behind.
/// </summary>
internal sealed class FleetingClient(VirtualWorld world, Conversation talk)
{
    private const int TtlMs = 2_000;
    private const int MaxStalenessMs = 400;

    // Clocks of leaders differ within the bound, and an answer takes its time to be given. A bound is kept by a node's own clock, which
    // may be a twentieth too slow.
    private const long SlackUs = 500_000;
    private const long StalenessUs = MaxStalenessMs * 1050L;
    private readonly HashSet<(VirtualNode Node, int Boot)> _sawIt = [];
    private int _set;

    /// <summary>Ends when the client was told to stop and its last call has ended.</summary>
    public async Task Run()
    {
        await talk.Rest(0, 100_000);
        while (!talk.Stopped)
        {
            if (talk.AnyNode() is { } node) await SetAndWatch(node);
            await talk.Rest(500, 300_000);
        }
    }

    private async Task SetAndWatch(VirtualNode writer)
    {
        var key = Encoding.UTF8.GetBytes($"mayfly-{talk.Number}-{++_set}");
        var group = Sharding.OfKey(key, world.Bootstrap.ShardCount).Group;
        var invoked = world.Time.NowUs;
        var reply = await talk.Ask(writer, () => writer.Store!.WriteAsync(group,
            b => KeyOps.Set(b, key, "here"u8, mode: ExpiryMode.Relative, expiryMs: TtlMs), Conversation.DeadlineOf(writer)));
        if (reply is not { IsOk: true }) return;
        var returned = world.Time.NowUs;
        _sawIt.Clear();
        // While it certainly lives, around its end, and when it is certainly over.
        while (!talk.Stopped && world.Time.NowUs < returned + TtlMs * 1000L + SlackUs + StalenessUs + 300_000)
        {
            var node = world.Nodes[talk.Random.Next(world.Nodes.Count)];
            if (node.Node is not null) await Look(node, key, group, invoked, returned);
            await talk.Rest(1_000, 150_000);
        }
    }

    private async Task Look(VirtualNode node, byte[] key, uint group, long setInvoked, long setReturned)
    {
        var bounded = talk.Random.Next(2) == 0;
        var consistency = bounded ? new Consistency(ConsistencyLevel.Bounded, MaxStalenessMs) : new Consistency(ConsistencyLevel.Local);
        var (invoked, boot) = (world.Time.NowUs, node.Boots);
        var (knewTime, hadReplica) = (IsRight(node), world.ReplicaOf(node, group) is not null);
        var reply = await talk.Ask(node, () => node.Store!.ReadAsync(group, b => QueryForms.Get(b, key), consistency, Conversation.DeadlineOf(node)));
        if (reply is not { IsOk: true } answer) return;
        var now = world.Time.NowUs;
        // It may have lost and found its time while the read was under way.
        knewTime &= IsRight(node) && node.ClockChangedUs <= invoked;
        if (answer.Tag != ReplyTag.Nil)
        {
            // Its own replica has it: a bounded read may have been passed on, and so is what needs the time that a node does not know. One that
            // came to the node meanwhile may be further behind than the one that was asked.
            if (!bounded && knewTime && hadReplica) _sawIt.Add((node, boot));
            // What nobody else could be asked about, a node that does not know the time answers as of the last entry it has.
            if (invoked > setReturned + TtlMs * 1000L + SlackUs + (bounded ? StalenessUs : 0) && (bounded || knewTime))
                throw Wrong("is still shown alive");
            return;
        }
        // A node may be behind, but does not go back while it runs.
        var mustHaveIt = bounded ? invoked > setReturned + StalenessUs : node.Boots == boot && _sawIt.Contains((node, boot));
        if (mustHaveIt && now < setInvoked + TtlMs * 1000L - SlackUs) throw Wrong("is gone");

        SimulationFailure Wrong(string what) => new($"{Encoding.UTF8.GetString(key)}, set at {setInvoked} to {setReturned} us to live {TtlMs} ms, {what} at node {node.Id} at {invoked} to {now} us, read {consistency.Level}; its clock is {node.Clock.WallOffsetMs} ms off.") { Group = group };
    }

    private static bool IsRight(VirtualNode node) => Math.Abs(node.Clock.WallOffsetMs) <= 250 && (node.Node?.Clock.Now().IsTrusted ?? false);
}
