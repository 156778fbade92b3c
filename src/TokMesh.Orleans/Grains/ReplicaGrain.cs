using Orleans.Concurrency;
using Orleans.Placement;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Replicas;
using TokMesh.Orleans.Nodes;
using TokMesh.Orleans.Placement;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Transfer;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Grains;

/// <inheritdoc cref="IReplicaGrain"/>
[NodePlacement, Reentrant, Immovable]
internal sealed class ReplicaGrain(NodeAccess access, NodeDirectory directory) : Grain, IReplicaGrain, IIncomingGrainCallFilter
{
    private const int MaxDeadlineMs = 600_000;

    private uint _group;

    /// <exception cref="NodeNotHereException">The key names another node, or no shard.</exception>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var shard = this.GetPrimaryKeyLong(out var nodeId);
        // The director pins it; were it ever activated elsewhere, it would speak for a replica that is not its own.
        if (nodeId != directory.Identity.NodeId)
            throw new NodeNotHereException($"{Codes.NodeElsewhere}: this is node {directory.Identity.NodeId}, not {nodeId}.");
        var shards = access.Node.Bootstrap.ShardCount;
        if (shard < IReplicaGrain.Meta || shard >= shards)
            throw new NodeNotHereException($"{Codes.ArgumentInvalid}: there is no shard {shard}; allowed is 0 to {shards - 1}, or {IReplicaGrain.Meta} for meta.");
        _group = (uint)(shard + 1);
        return Task.CompletedTask;
    }

    public Task Invoke(IIncomingGrainCallContext context) => SilosOnly.InvokeAsync(context, nameof(Propose), nameof(ChangeMembers), nameof(Transfer), nameof(TakeSnapshot));

    public async Task<ReplicaReply> Propose(byte[] operation, int deadlineMs, CancellationToken cancel = default)
    {
        var node = access.Node;
        if (!node.Leads(_group))
        {
            var leader = await StatusOf(false, cancel) is { } status ? NodeIdOf(status.Leader) : "";
            return new ReplicaReply(ReplicaOutcome.NotLeader, ErrorCode.ClusterNoNode.ToText(), "This replica does not lead; nothing happened.", [], leader);
        }
        return await CallAsync(CallKind.Write, operation, Consistency.Linearizable, deadlineMs, ReplicaOutcome.Unknown, cancel);
    }

    public Task<ReplicaReply> Read(byte[] query, int maxStalenessMs, int deadlineMs, CancellationToken cancel = default) =>
        CallAsync(CallKind.Read, query, maxStalenessMs switch
        {
            0 => Consistency.Linearizable,
            > 0 => new Consistency(ConsistencyLevel.Bounded, maxStalenessMs),
            -1 => new Consistency(ConsistencyLevel.Local),
            _ => throw new ArgumentOutOfRangeException(nameof(maxStalenessMs), $"{maxStalenessMs}; allowed is -1 (local), 0 (linearizable), or milliseconds."),
        }, deadlineMs, ReplicaOutcome.NotExecuted, cancel);

    public async Task<ReplicaView?> Status(bool digest = false, CancellationToken cancel = default) => await StatusOf(digest, cancel) is not { } status ? null : new ReplicaView
    {
        Role = status.Role.ToString().ToLowerInvariant(),
        Leader = NodeIdOf(status.Leader),
        Term = status.Term.Value,
        LastIndex = status.LastIndex.Value,
        CommitIndex = status.CommitIndex.Value,
        AppliedIndex = status.AppliedIndex.Value,
        SnapshotIndex = status.SnapshotIndex.Value,
        Sessions = status.Sessions,
        Keys = status.Keys,
        Voters = [.. status.Members.Voters.Select(m => m.Value)],
        Learners = [.. status.Members.Learners.Select(m => m.Value)],
        IsJoint = status.Members.IsJoint,
        Digest = status.Digest,
    };

    public async Task<MembershipReply> ChangeMembers(uint[] voters, uint[] learners, CancellationToken cancel = default)
    {
        var answered = new TaskCompletionSource<MembershipReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        access.Node.ChangeMembers(_group, Configuration.Of(voters.Select(v => new MemberId(v)), learners.Select(l => new MemberId(l))),
            (status, reason) => answered.SetResult(new MembershipReply(status is ChangeStatus.Accepted or ChangeStatus.Unchanged, status.ToString().ToLowerInvariant(), reason)));
        return await answered.Task.WaitAsync(cancel);
    }

    public async Task<TransferReply> Transfer(string nodeId, CancellationToken cancel = default)
    {
        // Of who is no member nobody is: number 0 has no vote anywhere.
        var to = new MemberId(access.Node.Map.Members.FirstOrDefault(m => m.NodeId == nodeId)?.Number ?? 0);
        var answered = new TaskCompletionSource<TransferStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        access.Node.Transfer(_group, to, answered.SetResult);
        var status = await answered.Task.WaitAsync(cancel);
        return new TransferReply(status == TransferStatus.Started, status.ToString().ToLowerInvariant());
    }

    public async Task<bool> TakeSnapshot(CancellationToken cancel = default)
    {
        var answered = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        access.Node.TakeSnapshot(_group, answered.SetResult);
        return await answered.Task.WaitAsync(cancel);
    }

    private async Task<ReplicaReply> CallAsync(CallKind kind, byte[] body, Consistency consistency, int deadlineMs, ReplicaOutcome givenUp, CancellationToken cancel)
    {
        if (deadlineMs is < 1 or > MaxDeadlineMs) throw new ArgumentOutOfRangeException(nameof(deadlineMs), $"{deadlineMs}; allowed is 1 to {MaxDeadlineMs} milliseconds.");
        var node = access.Node;
        try
        {
            var reply = await access.Store.CallAsync(_group, kind, body, consistency, node.NowMs + deadlineMs).AsTask().WaitAsync(cancel);
            var outcome = reply.Outcome switch
            {
                CallOutcome.Answered => ReplicaOutcome.Answered,
                CallOutcome.Unknown => ReplicaOutcome.Unknown,
                _ => ReplicaOutcome.NotExecuted,
            };
            return new ReplicaReply(outcome, reply.Error == ErrorCode.None ? "" : reply.Error.ToText(), reply.Detail, reply.Body.ToArray(), "");
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return new ReplicaReply(givenUp, ErrorCode.SysUnavailable.ToText(), "The caller gave up waiting.", [], "");
        }
    }

    private Task<ReplicaStatus?> StatusOf(bool digest, CancellationToken cancel)
    {
        var answered = new TaskCompletionSource<ReplicaStatus?>(TaskCreationOptions.RunContinuationsAsynchronously);
        access.Node.CollectStatus(_group, digest, answered.SetResult);
        return answered.Task.WaitAsync(cancel);
    }

    private string NodeIdOf(MemberId member) => access.Node.NodeIdOf(member) ?? "";
}
