using System.Net;

namespace TokMesh.EndToEnd;

/// <summary>Servers whose directories are emptied, put back or copied: what was acknowledged stays, and who is refused says so.</summary>
public sealed class ForgottenDiskTests
{
    private const int Keys = 100;

    [Fact]
    public async Task A_directory_that_is_put_back_is_refused_by_the_others_and_the_right_one_comes_back()
    {
        await using var cluster = await LocalCluster.StartAsync(3);
        var (first, rolledBack, third) = (cluster.Nodes[0], cluster.Nodes[1], cluster.Nodes[2]);
        var session = await cluster.CreateSessionAsync(first, "alice");
        await LocalCluster.StopAsync(rolledBack);
        using var old = new DirectoryCopy(rolledBack.Data);
        cluster.Start(rolledBack);
        await cluster.WaitUntilReadyAsync();

        // Acknowledged by the first and the one whose disk will forget.
        await LocalCluster.StopAsync(third);
        await WriteAsync(cluster, first);
        using (var revoked = await cluster.SendAsync(first, HttpMethod.Post, $"/sessions/{session.Id}/revoke", new { })) Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        await LocalCluster.KillAsync(rolledBack);
        using var right = new DirectoryCopy(rolledBack.Data);
        await LocalCluster.KillAsync(first);

        // The third knows of the start that the copy lacks, and of nothing that was written since.
        old.PutInto(rolledBack.Data);
        cluster.Start(third);
        cluster.Start(rolledBack);
        await LocalCluster.EndedAsync(rolledBack);
        Assert.Equal(70, rolledBack.Process!.ExitCode);
        Assert.Contains("TM-CLST-4091", LocalCluster.Said(rolledBack), StringComparison.Ordinal);
        Assert.Contains("TM-CLST-4091", await File.ReadAllTextAsync(third.Log), StringComparison.Ordinal);
        // Started again by a supervisor, it says why at once.
        cluster.Start(rolledBack);
        await LocalCluster.EndedAsync(rolledBack);
        Assert.Contains("refused.txt", LocalCluster.Said(rolledBack), StringComparison.Ordinal);

        right.PutInto(rolledBack.Data);
        cluster.Start(rolledBack);
        cluster.Start(first);
        await cluster.WaitUntilReadyAsync();
        await AllIsThereAsync(cluster, third);
        Assert.Equal(HttpStatusCode.Unauthorized, await cluster.ValidateAsync(third, session.Token));
    }

    [Fact]
    public async Task A_node_whose_log_was_deleted_does_not_start_and_says_what_to_do()
    {
        await using var cluster = await LocalCluster.StartAsync(3);
        var cleaned = cluster.Nodes[2];
        await LocalCluster.StopAsync(cluster.Nodes[1]);
        await WriteAsync(cluster, cluster.Nodes[0]);
        await LocalCluster.KillAsync(cleaned);
        var log = Path.Combine(cleaned.Data, "log");
        var aside = log + ".aside";
        Directory.Move(log, aside);
        cluster.Start(cleaned);
        await LocalCluster.EndedAsync(cleaned);
        Assert.Equal(1, cleaned.Process!.ExitCode);
        Assert.Contains("TM-CLST-4095", LocalCluster.Said(cleaned), StringComparison.Ordinal);
        Assert.Contains("Put back the log directory", LocalCluster.Said(cleaned), StringComparison.Ordinal);
        Directory.Delete(log, recursive: true);
        Directory.Move(aside, log);
        cluster.Start(cleaned);
        cluster.Start(cluster.Nodes[1]);
        await cluster.WaitUntilReadyAsync();
        await AllIsThereAsync(cluster, cleaned);
    }

    [Fact]
    public async Task A_copy_that_is_started_beside_its_node_is_refused_and_ends()
    {
        await using var cluster = await LocalCluster.StartAsync(3);
        var original = cluster.Nodes[1];
        await LocalCluster.StopAsync(original);
        using var copy = new DirectoryCopy(original.Data);
        cluster.Start(original);
        await cluster.WaitUntilReadyAsync();
        var twin = cluster.NewNode(9, original.Id);
        cluster.Later.Add(twin);
        copy.PutInto(twin.Data);
        cluster.Start(twin);
        await LocalCluster.EndedAsync(twin);
        Assert.Equal(70, twin.Process!.ExitCode);
        Assert.Contains("TM-CLST-409", LocalCluster.Said(twin), StringComparison.Ordinal);
        await cluster.WaitUntilReadyAsync();
        await WriteAsync(cluster, original);
        await AllIsThereAsync(cluster, cluster.Nodes[2]);
    }

    private static async Task WriteAsync(LocalCluster cluster, LocalNode through)
    {
        using var redis = await RespConnection.ConnectAsync(through.Redis, cluster.AdminKey, default);
        // A node that was stopped a moment ago may still be asked: what is not certain is written again.
        for (var i = 0; i < Keys; i++)
        {
            for (var tries = 0; ; tries++)
            {
                try
                {
                    Assert.Equal("OK", await redis.CallAsync(default, "SET", $"key-{i}", "v"));
                    break;
                }
                catch (RespException) when (tries < 10)
                {
                    await Task.Delay(200);
                }
            }
        }
    }

    private static async Task AllIsThereAsync(LocalCluster cluster, LocalNode through)
    {
        using var redis = await RespConnection.ConnectAsync(through.Redis, cluster.AdminKey, default);
        for (var i = 0; i < Keys; i++) Assert.Equal("v", await redis.CallAsync(default, "GET", $"key-{i}"));
    }

    /// <summary>A copy of a data directory, but for its lock and log file.</summary>
    private sealed class DirectoryCopy : IDisposable
    {
        private static readonly string[] NotData = ["lock", "server.log"];
        private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-copy-").FullName;

        public DirectoryCopy(string data) => Copy(data, _folder);

        public void PutInto(string data)
        {
            if (Directory.Exists(data))
            {
                foreach (var folder in Directory.GetDirectories(data)) Directory.Delete(folder, recursive: true);
                foreach (var file in Directory.GetFiles(data)) if (!NotData.Contains(Path.GetFileName(file))) File.Delete(file);
            }
            Copy(_folder, data);
        }

        public void Dispose() => Directory.Delete(_folder, recursive: true);

        private static void Copy(string from, string to)
        {
            Directory.CreateDirectory(to);
            foreach (var file in Directory.GetFiles(from))
                if (!NotData.Contains(Path.GetFileName(file))) File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
            foreach (var folder in Directory.GetDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }
}
