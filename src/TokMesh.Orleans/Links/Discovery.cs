using System.Net.Sockets;
using System.Runtime.CompilerServices;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.Orleans.Links;

/// <summary>
/// How a node without a cluster finds one: it asks its seeds, and the nodes that those know, again and again. A node of an existing cluster tells it
/// how that began. Otherwise, when enough nodes have found each other, the one with the smallest id begins the cluster: it stores the bootstrap
/// before it tells anybody, so a crash can never make two.
/// </summary>
internal sealed class Discovery(NodeLinks links)
{
    private const int PauseMs = 200;
    private readonly LogOnce _problems = new();
    private string _problem = "no node of the cluster answers";

    /// <summary>How the cluster began.</summary>
    /// <exception cref="InvalidOperationException">It refuses this node for good.</exception>
    /// <exception cref="TimeoutException">Too few nodes were found in time.</exception>
    public async Task<Bootstrap> FindAsync(Func<Bootstrap, Task> store, CancellationToken cancel)
    {
        var until = DateTime.UtcNow + links.Options.DiscoveryTimeout;
        var said = -1;
        // A node that has been given others to ask, and was not told how many begin a cluster, never begins one: they may just be away.
        var mayBegin = links.Options.ExpectNodes > 1 || links.Options.Seeds.All(s => s == links.Options.AdvertiseAddress);
        while (true)
        {
            // Those that answered just now: of others somebody may have heard long ago.
            var all = new List<Candidate> { links.Self };
            foreach (var address in links.Options.Seeds.Concat(links.Candidates.Select(c => c.Peer)).Distinct().ToArray())
            {
                if (await AskAsync(address, cancel) is not { } answer) continue;
                if (answer.Bootstrap is not { } bootstrap)
                {
                    links.Learn(answer);
                    if (answer.ClusterId is null && all.All(c => c.NodeId != answer.Self.NodeId)) all.Add(answer.Self);
                    continue;
                }
                await store(bootstrap);
                links.Log.Joined(bootstrap.ClusterId);
                return bootstrap;
            }
            if (mayBegin && all.Count >= links.Options.ExpectNodes && all.MinBy(c => c.NodeId, StringComparer.Ordinal) == links.Self)
            {
                var begun = Bootstrap.Create(all, links.Options.ShardCount, links.Options.ReplicationFactor, links.Clock.WallMs);
                await store(begun);
                links.Log.Began(begun.ClusterId, begun.Nodes.Count);
                return begun;
            }
            if (said != all.Count) links.Log.Looking(said = all.Count, links.Options.ExpectNodes);
            if (DateTime.UtcNow > until)
                throw new TimeoutException(!mayBegin ? $"No node of a cluster let this one in within {links.Options.DiscoveryTimeout}; {_problem}. Check seeds, secret or certificates; expect_nodes is how many begin a new cluster."
                    : $"Found {all.Count} of {links.Options.ExpectNodes} nodes within {links.Options.DiscoveryTimeout}; {_problem}. Check seeds, expect_nodes, secret or certificates, and that the others run.");
            await Task.Delay(PauseMs, cancel);
        }
    }

    /// <summary>Has a node that the cluster did not begin with taken in as a member: asks those that are until one has had meta do it.</summary>
    /// <returns>The node's number, now and for ever.</returns>
    /// <exception cref="InvalidOperationException">The cluster refuses it for good.</exception>
    /// <exception cref="TimeoutException">Nobody could take it in in time.</exception>
    public async Task<MemberId> JoinAsync(Bootstrap bootstrap, CancellationToken cancel)
    {
        var until = DateTime.UtcNow + links.Options.DiscoveryTimeout;
        while (true)
        {
            foreach (var address in links.Options.Seeds.Concat(bootstrap.Nodes.Select(n => n.Peer)).Distinct().ToArray())
            {
                if ((await AskAsync(address, cancel))?.Number is not { } number) continue;
                links.Log.BecameMember(number);
                return new MemberId(number);
            }
            if (_problems.IsNew(_problem)) links.Log.JoinTrouble(_problem);
            if (DateTime.UtcNow > until) throw new TimeoutException($"The cluster did not take node {links.Self.NodeId} in within {links.Options.DiscoveryTimeout}: {_problem}.");
            await Task.Delay(PauseMs, cancel);
        }
    }

    /// <summary>Who is at those seeds where no link looks already.</summary>
    public async IAsyncEnumerable<Candidate> LookAroundAsync(IReadOnlyCollection<string> known, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (var address in links.Options.Seeds.Except(known))
        {
            Hello? answer = null;
            try
            {
                answer = await AskAsync(address, cancel);
            }
            catch (InvalidOperationException)
            {
                // Said already; a node that runs takes a link's word for it, not a seed's.
            }
            if (answer is not null) yield return answer.Self;
        }
    }

    private async Task<Hello?> AskAsync(string address, CancellationToken cancel)
    {
        if (address == links.Options.AdvertiseAddress) return null;
        try
        {
            using var connection = await DialledConnection.OpenAsync(links.Options, address, node: null, cancel);
            var answer = await connection.IntroduceAsync(links.Introduction(), cancel);
            return links.Judge(answer, connection.CertifiedAs, mayJoin: true) is { } refusal ? throw new HelloRefusedException(refusal) : answer;
        }
        catch (HelloRefusedException e) when (e.Refusal.IsFinal)
        {
            // Nothing this node does can change that: it must not go on and begin a cluster beside the one it meant to join.
            links.Log.Refused("?", address, e.Refusal.Code, e.Refusal.Message);
            throw new InvalidOperationException($"{e.Refusal.Code}: {e.Refusal.Message}", e);
        }
        catch (Exception e) when (e is IOException or SocketException or FormatException or HelloRefusedException)
        {
            _problem = $"at {address}: {e.Message.TrimEnd('.')}";
            return null;
        }
    }
}
