using System.Buffers;
using Orleans.Runtime;
using TokMesh.Cluster;

namespace TokMesh.Orleans;

/// <summary>
/// A guest's seat in meta: it is listed in the map and receives meta's log without a vote, so that keys, map and settings are at hand
/// on it as on every node. It takes the seat itself, and gives it back when it stops; when it is gone without that, the node that leads
/// meta takes it away.
/// </summary>
internal sealed class GuestSeat(IGrainFactory grains, OrleansLog log)
{
    private const uint MetaGroup = 0;
    private const int PauseMs = 200;
    private const int DeadlineMs = 2_000;

    /// <summary>Takes the seat; ends when this node has caught up with meta.</summary>
    public async Task TakeAsync(Node node, FoundingNode self, CancellationToken cancel)
    {
        string? problem = null;
        var isListed = false;
        while (node.Meta is null)
        {
            try
            {
                isListed = isListed || await ChangeAsync(node, new MapChange { AddGuest = self });
                await SeatAsync(node.Genesis, self.Number, seated: true, cancel);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                if (problem != e.Message) log.SeatTrouble(problem = e.Message);
            }
            await Task.Delay(PauseMs, cancel);
        }
    }

    /// <summary>Takes a seat away, this node's own or that of a guest that is gone.</summary>
    public async Task GiveBackAsync(Node node, uint number, CancellationToken cancel)
    {
        try
        {
            await ChangeAsync(node, new MapChange { RemoveGuest = number });
            await SeatAsync(node.Genesis, number, seated: false, cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A seat that is kept for nobody costs a little; the next change of membership is another occasion.
            log.SeatTrouble(e.Message);
        }
    }

    private static async Task<bool> ChangeAsync(Node node, MapChange change)
    {
        var reply = await new StoreClient(node).WriteAsync(MetaGroup, b => b.Write(MetaOps.ChangeMap(change)), node.NowMs + DeadlineMs);
        return reply.IsOk;
    }

    private async Task SeatAsync(Genesis genesis, uint number, bool seated, CancellationToken cancel)
    {
        foreach (var candidate in genesis.Nodes)
        {
            var replica = grains.GetGrain<IReplicaGrain>(IReplicaGrain.Meta, candidate.NodeId, null);
            ReplicaView? view;
            try
            {
                view = await replica.Status(cancel: cancel).WaitAsync(TimeSpan.FromMilliseconds(DeadlineMs), cancel);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                continue;
            }
            if (view is not { Role: "leader" } || view.Learners.Contains(number) == seated) continue;
            await replica.ChangeMembers(view.Voters, seated ? [.. view.Learners, number] : [.. view.Learners.Where(l => l != number)], cancel);
            return;
        }
    }
}
