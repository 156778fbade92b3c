using Orleans.Runtime;
using TokMesh.Cluster;
using TokMesh.Orleans.Links;
using TokMesh.Orleans.Placement;
using TokMesh.Raft;

namespace TokMesh.Orleans.Bootstrap;

/// <summary>How a node that a cluster did not begin with becomes a member: it asks those that are until one has had meta take it in.</summary>
internal sealed class Joining(Silos silos, LinkServiceClient services, OrleansLog log)
{
    private const int PauseMs = 200;
    private const int AnswerMs = 7_000;

    /// <summary>The node's number, now and for ever.</summary>
    /// <exception cref="InvalidOperationException">The cluster refuses it for good.</exception>
    /// <exception cref="TimeoutException">Nobody could take it in in time.</exception>
    public async Task<MemberId> AskAsync(Genesis genesis, Hello hello, TimeSpan patience, CancellationToken cancel)
    {
        var until = DateTime.UtcNow + patience;
        var problems = new SaidOnce();
        var problem = "no silo of the cluster is there";
        while (true)
        {
            foreach (var node in genesis.Nodes)
            {
                if (silos.AddressOf(node.NodeId) is not { } silo) continue;
                try
                {
                    var answer = Hello.FromJson(await services.At(silo).Join(hello.ToJson()).WaitAsync(TimeSpan.FromMilliseconds(AnswerMs), cancel));
                    if (answer.Refusal is { IsFinal: true } refusal) throw new InvalidOperationException($"{refusal.Code}: {refusal.Message}");
                    if (answer.Number is { } number)
                    {
                        log.BecameMember(number);
                        return new MemberId(number);
                    }
                    problem = answer.Refusal?.Message ?? "no answer that can be read";
                }
                catch (Exception e) when (e is OrleansException or TimeoutException or System.Text.Json.JsonException)
                {
                    problem = e is TimeoutException ? $"node {node.NodeId} did not answer within {AnswerMs} ms" : $"the silo of node {node.NodeId} cannot be reached";
                }
            }
            if (problems.IsNew(problem)) log.JoinTrouble(problem);
            if (DateTime.UtcNow > until) throw new TimeoutException($"The cluster did not take node {hello.Self.NodeId} in within {patience}: {problem}.");
            await Task.Delay(PauseMs, cancel);
        }
    }
}
