using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Placement;
using TokMesh.Cluster.Placement;
using TokMesh.Linearizability;
using TokMesh.Orleans.Grains;
using TokMesh.Orleans.Placement;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Orleans.Tests.Grains;

/// <summary>A replica grain lives as long as its own silo, whoever else dies: no directory entry of it can be lost with another silo.</summary>
public sealed class PinnedGrainTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    private const int Shards = 8;

    [Fact]
    public async Task A_silo_that_dies_takes_no_grain_of_another_one_with_it()
    {
        using var stop = new CancellationTokenSource();
        var history = new ConcurrentQueue<Operation>();
        var clock = Stopwatch.StartNew();
        foreach (var id in silos.NodeIds)
            for (var shard = IReplicaGrain.Meta; shard < Shards; shard++) Assert.NotNull(await silos.Replica(shard, id).Status());
        var survivors = silos.NodeIds.Take(2).ToArray();
        var before = ActivationsOf(survivors);
        Assert.Equal(2 * (Shards + 1), before.Count);

        var callers = Enumerable.Range(0, 6).Select(n => CallAsync(n, survivors, history, clock, stop.Token)).ToArray();
        await Task.Delay(500);
        await silos.Cluster.KillSiloAsync(silos.SiloOf("tmnd-3"));
        await ThreeSilos.UntilAsync("the silo is known to be gone", async () =>
        {
            try
            {
                await silos.Replica(0, "tmnd-3").Status();
                return false;
            }
            catch (NodeNotHereException)
            {
                return true;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                return false;
            }
        });
        await Task.Delay(2000);
        stop.Cancel();
        await Task.WhenAll(callers);

        Assert.Equal(before, ActivationsOf(survivors));
        Assert.True(history.Count(o => o.Returned != Operation.Never) > 200, $"Only {history.Count} operations.");
        var verdict = Checker.Check(history);
        Assert.True(verdict.IsLinearizable, $"Register {verdict.Register}: {verdict.Explanation}");
    }

    [Fact]
    public void A_replica_grain_is_placed_by_its_key_and_is_in_no_directory()
    {
        var placement = silos.Cluster.Silos[0].ServiceProvider.GetRequiredService<PlacementStrategyResolver>().GetPlacementStrategy(silos.Replica(0, "tmnd-1").GetGrainId().Type);
        Assert.IsType<NodePlacement>(placement);
        Assert.False(placement.IsUsingGrainDirectory);
    }

    private Dictionary<GrainId, ActivationId> ActivationsOf(IEnumerable<string> nodeIds)
    {
        var found = new Dictionary<GrainId, ActivationId>();
        foreach (var id in nodeIds)
        {
            for (var shard = IReplicaGrain.Meta; shard < Shards; shard++)
                if (silos.Cluster.TryGetGrainContext(silos.Replica(shard, id).GetGrainId(), out var context)) found.Add(context.GrainId, context.ActivationId);
        }
        return found;
    }

    private async Task CallAsync(int client, string[] nodeIds, ConcurrentQueue<Operation> history, Stopwatch clock, CancellationToken stop)
    {
        var random = new Random(client);
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            var name = $"key:{clock.ElapsedMilliseconds / 1000}:{random.Next(4)}";
            var key = Encoding.UTF8.GetBytes(name);
            var replica = silos.Replica(Sharding.OfKey(key, Shards).Value, nodeIds[random.Next(nodeIds.Length)]);
            var writes = random.Next(2) == 0;
            var value = $"{client}.{n}";
            var begin = clock.ElapsedTicks;
            try
            {
                var reply = writes
                    ? await replica.Propose(Encode(b => KeyOps.Set(b, key, Encoding.UTF8.GetBytes(value))), 5000, CancellationToken.None)
                    : await replica.Read(Encode(b => QueryForms.Get(b, key)), 0, 5000, CancellationToken.None);
                var end = clock.ElapsedTicks;
                if (reply.Outcome == ReplicaOutcome.Unknown && writes) history.Enqueue(new Operation(client, name, OperationKind.Write, value, begin, Operation.Never));
                if (reply.Outcome != ReplicaOutcome.Answered) continue;
                Assert.Equal("", reply.Code);
                history.Enqueue(new Operation(client, name, writes ? OperationKind.Write : OperationKind.Read, writes ? value : ValueOf(reply.Body), begin, end));
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                // Between two activations a call may be refused, or lost on the way back.
                if (writes) history.Enqueue(new Operation(client, name, OperationKind.Write, value, begin, Operation.Never));
            }
        }
    }

    private static string? ValueOf(byte[] body)
    {
        var reader = new ReplyReader(body);
        return reader.Tag == ReplyTag.Nil ? null : Encoding.UTF8.GetString(reader.Bulk());
    }

    private static byte[] Encode(Action<IBufferWriter<byte>> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        write(buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
