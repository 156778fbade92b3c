using Orleans.Runtime;
using TokMesh.Cluster;
using TokMesh.Orleans.Placement;

namespace TokMesh.Orleans;

/// <summary>
/// A guest's seat in meta: it is listed in the map and receives meta's log without a vote, so that keys, map and settings are at hand
/// on it as on every node. It takes the seat itself, looks after it, and gives it back when it stops; when it is gone without that, the
/// node that leads meta takes it away.
/// </summary>
internal sealed class GuestSeat(IGrainFactory grains, Silos silos, OrleansLog log)
{
    private const uint MetaGroup = 0;
    private const int PauseMs = 200;
    private const int LookEveryMs = 2_000;
    private const int DeadlineMs = 2_000;

    private readonly SaidOnce _problems = new();

    /// <summary>
    /// On a guest, until it stops: has the seat, and takes it again should it have been taken away by mistake. Without it the guest
    /// would go on with API keys as they once were.
    /// </summary>
    public async Task KeepAsync(Node node, FoundingNode self, CancellationToken cancel)
    {
        var map = MapOf(node);
        while (!cancel.IsCancellationRequested)
        {
            await TryAsync(async () =>
            {
                var isListed = (await map.ReadAsync(cancel)).Guests.Contains(self);
                if (!isListed) await map.ChangeAsync(new MapChange { AddGuest = self }, cancel);
                if (!isListed || node.Meta is null) await SeatAsync(node.Genesis, self.Number, seated: true, cancel);
            });
            await Task.Delay(node.Meta is null ? PauseMs : LookEveryMs, cancel);
        }
    }

    /// <summary>On a guest that stops: gives the seat back, as far as that can be done now.</summary>
    public Task GiveBackAsync(Node node, uint number, CancellationToken cancel) => TryAsync(async () =>
    {
        await MapOf(node).ChangeAsync(new MapChange { RemoveGuest = number }, cancel);
        await SeatAsync(node.Genesis, number, seated: false, cancel);
    });

    /// <summary>On every other node, until it stops: while it leads meta it takes away the seats of guests that are gone.</summary>
    public async Task ClearAsync(Node node, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(LookEveryMs));
        while (await timer.WaitForNextTickAsync(cancel))
        {
            if (!node.Leads(MetaGroup) || node.Meta is not { } meta) continue;
            foreach (var guest in meta.Map.Guests)
                if (silos.AddressOf(guest.NodeId) is null) await GiveBackAsync(node, guest.Number, cancel);
        }
    }

    private static MapCalls MapOf(Node node) => new(new StoreClient(node), DeadlineMs);

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
            catch (Exception e) when (e is OrleansException or NodeNotReadyException or TimeoutException)
            {
                // Another one may lead.
                continue;
            }
            if (view is not { Role: "leader" }) continue;
            if (view.Learners.Contains(number) != seated)
                await replica.ChangeMembers(view.Voters, seated ? [.. view.Learners, number] : [.. view.Learners.Where(l => l != number)], cancel);
            return;
        }
    }

    // What cannot be done now is tried again; the same trouble again and again is said once.
    private async Task TryAsync(Func<Task> act)
    {
        try
        {
            await act();
            _problems.Works();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever it was: a guest that stopped looking after its seat would go on with old API keys.
            if (_problems.IsNew(e.Message)) log.SeatTrouble(e.Message);
        }
    }
}
