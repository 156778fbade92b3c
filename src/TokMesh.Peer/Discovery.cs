using System.Net.Sockets;
using TokMesh.Cluster;

namespace TokMesh.Peer;

/// <summary>
/// How a node without a cluster finds one: it asks its seeds, and whoever those know, again and again. A founding node of an
/// existing cluster is told how that began. Otherwise, when enough nodes have found each other, the one with the smallest id
/// founds the cluster: it stores the genesis before it tells anybody, so a crash can never make two.
/// </summary>
internal sealed class Discovery(PeerEngine engine, Func<Genesis, Task> store)
{
    private const int PauseMs = 200;

    public async Task<Genesis> FindAsync(CancellationToken cancel)
    {
        var until = DateTime.UtcNow + engine.Options.DiscoveryTimeout;
        var said = -1;
        while (true)
        {
            foreach (var address in engine.Options.Seeds.Concat(engine.Candidates.Select(c => c.Peer)).Distinct().ToArray())
            {
                if (address == engine.Options.AdvertiseAddress) continue;
                if (await AskAsync(address, cancel) is { } genesis) return genesis;
            }
            var all = engine.Candidates.Append(engine.Self).OrderBy(c => c.NodeId, StringComparer.Ordinal).ToArray();
            if (all.Length >= engine.Options.ExpectNodes && all[0] == engine.Self)
            {
                var founded = Genesis.Found(all, engine.Options.ShardCount, engine.Options.ReplicationFactor, engine.Clock.WallMs);
                await store(founded);
                engine.Log.Founded(founded.ClusterId, founded.Nodes.Count);
                return founded;
            }
            if (said != all.Length) engine.Log.Looking(said = all.Length, engine.Options.ExpectNodes);
            if (DateTime.UtcNow > until)
                throw new TimeoutException($"Found {all.Length} of {engine.Options.ExpectNodes} nodes within {engine.Options.DiscoveryTimeout}. Check seeds, expect_nodes, and that the others run.");
            await Task.Delay(PauseMs, cancel);
        }
    }

    private async Task<Genesis?> AskAsync(string address, CancellationToken cancel)
    {
        try
        {
            using var connection = await PeerLink.ConnectAsync(engine, address, cancel);
            var answer = await connection.IntroduceAsync(engine.Introduction(isLink: false), cancel);
            if (engine.Judge(answer, connection.CertifiedAs) is { } refusal) throw new HelloRefusedException(refusal);
            if (answer.Genesis is not { } genesis)
            {
                engine.Learn(answer);
                return null;
            }
            await store(genesis);
            engine.Log.Joined(genesis.ClusterId);
            return genesis;
        }
        catch (HelloRefusedException e) when (e.Refusal.IsFinal)
        {
            // Nothing this node does can change that: it must not go on and found a cluster beside the one it meant to join.
            engine.Log.Refused("?", address, e.Refusal.Code, e.Refusal.Message);
            throw new InvalidOperationException($"{e.Refusal.Code}: {e.Refusal.Message}", e);
        }
        catch (Exception e) when (e is IOException or SocketException or FormatException or HelloRefusedException)
        {
            return null;
        }
    }
}
