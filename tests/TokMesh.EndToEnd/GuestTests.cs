using System.Net;
using System.Text.Json;
using TokMesh.Linearizability;

namespace TokMesh.EndToEnd;

/// <summary>Silos that come and go while the cluster serves; they hold no replica of a shard.</summary>
[Collection(MachineCollection.Name)]
public sealed class GuestTests(Machine machine)
{
    [SkippableFact]
    public async Task A_silo_joins_serves_and_leaves_while_the_cluster_serves()
    {
        await using var cluster = await LocalCluster.StartAsync(machine, Engine.Orleans, 3);
        var workload = new Workload(cluster);
        using var stop = new CancellationTokenSource();
        var running = workload.RunAsync(stop.Token);

        var guest = cluster.NewNode(4);
        cluster.Guests.Add(guest);
        foreach (var end in (Func<LocalNode, Task>[])[LocalCluster.StopAsync, LocalCluster.KillAsync])
        {
            var before = workload.Answered;
            cluster.Start(guest);
            await cluster.WaitUntilAsync("the guest is ready", async () =>
            {
                using var answer = await cluster.Client.GetAsync(new Uri($"http://{guest.Http}/ready"));
                return answer.StatusCode == HttpStatusCode.OK;
            });
            Assert.Contains(guest.Id, await MembersAsync(cluster));

            // What is made on one side is there on the other, and what is ended on one side is dead on the other at once.
            var made = await cluster.CreateSessionAsync(guest, "guest");
            Assert.Equal(HttpStatusCode.OK, await cluster.ValidateAsync(cluster.Nodes[0], made.Token));
            using (var revoked = await cluster.SendAsync(cluster.Nodes[0], HttpMethod.Post, $"/sessions/{made.Id}/revoke", new { })) Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, await cluster.ValidateAsync(guest, made.Token));

            await end(guest);
            await cluster.WaitUntilAsync("the guest is no member any more", async () => !(await MembersAsync(cluster)).Contains(guest.Id));
            Assert.True(workload.Answered > before, workload.Refusals);
        }

        stop.Cancel();
        await running;
        await workload.ReadEverythingAsync();
        var verdict = Checker.Check(workload.History);
        Assert.True(verdict.IsLinearizable, $"Register {verdict.Register}: {verdict.Explanation}");
        await cluster.WaitUntilDigestsAgreeAsync();
    }

    private static async Task<IReadOnlyList<string>> MembersAsync(LocalCluster cluster)
    {
        using var answer = await cluster.SendAsync(cluster.Nodes[1], HttpMethod.Get, "/cluster/members");
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
        return [.. json.RootElement.GetProperty("data").GetProperty("members").EnumerateArray().Select(m => m.GetProperty("node_id").GetString()!)];
    }
}
