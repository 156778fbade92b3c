using System.Net;
using System.Text.Json;
using TokMesh.Linearizability;

namespace TokMesh.EndToEnd;

/// <summary>Nodes that join, stop, die and come back while the cluster serves; they hold no replica of a shard yet.</summary>
[Trait(Row.Trait, Row.Beside)]
public sealed class JoinTests
{
    [Fact]
    public async Task A_node_joins_serves_stops_and_comes_back_as_the_same_member_while_the_cluster_serves()
    {
        await using var cluster = await LocalCluster.StartAsync(3);
        var workload = new Workload(cluster);
        using var stop = new CancellationTokenSource();
        var running = workload.RunAsync(stop.Token);

        var late = cluster.NewNode(4);
        cluster.Later.Add(late);
        foreach (var end in (Func<LocalNode, Task>[])[LocalCluster.StopAsync, LocalCluster.KillAsync])
        {
            var before = workload.Answered;
            cluster.Start(late);
            await cluster.WaitUntilAsync("the node that joined is ready", async () =>
            {
                using var answer = await cluster.Client.GetAsync(new Uri($"http://{late.Http}/ready"));
                return answer.StatusCode == HttpStatusCode.OK;
            });
            Assert.Equal((4, "alive"), (await MembersAsync(cluster))[late.Id]);

            // What is made on one side is there on the other, and what is ended on one side is dead on the other at once.
            var made = await cluster.CreateSessionAsync(late, "late");
            Assert.Equal(HttpStatusCode.OK, await cluster.ValidateAsync(cluster.Nodes[0], made.Token));
            using (var revoked = await cluster.SendAsync(cluster.Nodes[0], HttpMethod.Post, $"/sessions/{made.Id}/revoke", new { })) Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, await cluster.ValidateAsync(late, made.Token));

            await end(late);
            await cluster.WaitUntilAsync("the node that joined is seen to be gone, and is a member still", async () => await MembersAsync(cluster) is var members
                && members[late.Id] is (4, "dead") && members.Count == 4);
            Assert.True(workload.Answered > before, workload.Refusals);
        }

        stop.Cancel();
        await running;
        await workload.ReadEverythingAsync();
        var verdict = Checker.Check(workload.History);
        Assert.True(verdict.IsLinearizable, $"Register {verdict.Register}: {verdict.Explanation}");
        await cluster.WaitUntilDigestsAgreeAsync();
    }

    private static async Task<IReadOnlyDictionary<string, (int Number, string Liveness)>> MembersAsync(LocalCluster cluster)
    {
        using var answer = await cluster.SendAsync(cluster.Nodes[1], HttpMethod.Get, "/cluster/members");
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
        return json.RootElement.GetProperty("data").GetProperty("members").EnumerateArray()
            .ToDictionary(static m => m.GetProperty("node_id").GetString()!, static m => (m.GetProperty("number").GetInt32(), m.GetProperty("liveness").GetString()!));
    }
}
