using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Orleans.GrainDirectory;
using Orleans.Runtime;
using TokMesh.Client.Orleans;
using TokMesh.Cluster;
using TokMesh.Linearizability;
using TokMesh.State;

namespace TokMesh.Orleans.Tests.Grains;

/// <summary>
/// The grain directory forgets where grains are, again and again, while callers write and read through those grains: Orleans then makes
/// second activations. What the callers saw must be linearizable all the same, since no activation holds anything.
/// </summary>
public sealed class DuplicateActivationTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("TOKMESH_DUPLICATE_SECONDS") ?? "8"));

    [Fact]
    public async Task Second_activations_of_replica_grains_break_no_promise()
    {
        using var stop = new CancellationTokenSource(Duration);
        var history = new ConcurrentQueue<Operation>();
        var clock = Stopwatch.StartNew();
        var callers = Enumerable.Range(0, 6).Select(n => CallAsync(n, history, clock, stop.Token)).ToArray();
        var forgotten = 0;
        while (!stop.IsCancellationRequested)
        {
            foreach (var id in silos.NodeIds)
                for (var shard = -1; shard < 8; shard++)
                    if (await ForgetAsync(silos.Replica(shard, id).GetGrainId())) forgotten++;
            if (await ForgetAsync(silos.Grains.GetGrain<IShardMapGrain>(0).GetGrainId())) forgotten++;
            await Task.Delay(100);
        }
        await Task.WhenAll(callers);
        Assert.True(forgotten > 50, $"Only {forgotten} entries were removed.");
        Assert.True(history.Count(o => o.Returned != Operation.Never) > 200, $"Only {history.Count} operations.");
        var verdict = Checker.Check(history);
        Assert.True(verdict.IsLinearizable, $"Register {verdict.Register}: {verdict.Explanation}");
    }

    [Fact]
    public async Task A_grain_whose_entry_was_removed_is_activated_on_another_silo_too_and_says_the_same()
    {
        // Not pinned: each silo that is asked makes its own once the directory has forgotten the other.
        var version = 0UL;
        for (var round = 0; round < 3; round++)
        {
            foreach (var silo in silos.Cluster.Silos)
            {
                var map = silo.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<IShardMapGrain>(0);
                var seen = await map.Get();
                Assert.Equal(version, seen.Version == 0 ? 0 : seen.Version);
                version = await map.PlanMove(0, [1], seen.Version);
                version = await map.CancelMove(0, version);
                await ForgetAsync(map.GetGrainId());
            }
        }
    }

    private async Task CallAsync(int client, ConcurrentQueue<Operation> history, Stopwatch clock, CancellationToken stop)
    {
        var random = new Random(client);
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            var name = $"key:{clock.ElapsedMilliseconds / 1000}:{random.Next(4)}";
            var key = Encoding.UTF8.GetBytes(name);
            var replica = silos.Replica(Sharding.OfKey(key, 8).Value, silos.NodeIds[random.Next(3)]);
            var writes = random.Next(2) == 0;
            var value = $"{client}.{n}";
            var begin = clock.ElapsedTicks;
            try
            {
                var reply = writes
                    ? await replica.Propose(Encode(b => KeyOps.Set(b, key, Encoding.UTF8.GetBytes(value))), 5000, CancellationToken.None)
                    : await replica.Read(Encode(b => Queries.Get(b, key)), 0, 5000, CancellationToken.None);
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

    /// <summary>Removes the grain's entry from the directory, which nothing public does.</summary>
    private async Task<bool> ForgetAsync(GrainId grain)
    {
        if (!silos.Cluster.TryGetGrainContext(grain, out var context)) return false;
        var services = silos.Cluster.Silos[0].ServiceProvider;
        var locator = services.GetRequiredService(typeof(GrainAddress).Assembly.GetType("Orleans.Runtime.GrainDirectory.GrainLocator")
            ?? AppDomain.CurrentDomain.GetAssemblies().First(a => a.GetName().Name == "Orleans.Runtime").GetType("Orleans.Runtime.GrainDirectory.GrainLocator", throwOnError: true)!);
        var unregister = locator.GetType().GetMethod("Unregister", BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!;
        await (Task)unregister.Invoke(locator, [context.Address, UnregistrationCause.Force])!;
        return true;
    }

    private static byte[] Encode(Action<IBufferWriter<byte>> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        write(buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
