using System.Buffers;
using TokMesh.Client.Orleans;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.State.Replies;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Nodes;

/// <summary>Reads and changes the cluster's map: calls to meta.</summary>
/// <param name="store">Where from.</param>
/// <param name="deadlineMs">How long a call may take, in milliseconds.</param>
internal sealed class MapCalls(StoreClient store, int deadlineMs)
{
    private const uint MetaGroup = 0;

    /// <summary>The map after every change that was answered before this call.</summary>
    /// <exception cref="ShardMapException">There was no answer in time.</exception>
    public async Task<ClusterMap> ReadAsync(CancellationToken cancel)
    {
        var reply = await store.ReadAsync(MetaGroup, static b => b.Write(MetaOps.ReadMap()), Consistency.Linearizable, store.Node.NowMs + deadlineMs).AsTask().WaitAsync(cancel);
        return MetaOps.ReadMap(Body(reply).Bulk());
    }

    /// <summary>Changes it; returns its version after that.</summary>
    /// <exception cref="ShardMapException">It has another version than the change wants, or there was no answer in time.</exception>
    public async Task<ulong> ChangeAsync(MapChange change, CancellationToken cancel)
    {
        var reply = await store.WriteAsync(MetaGroup, b => b.Write(MetaOps.ChangeMap(change)), store.Node.NowMs + deadlineMs).AsTask().WaitAsync(cancel);
        return (ulong)Body(reply).Integer();
    }

    /// <summary>Takes a node in as a member; one that is a member already is known where it says from then on.</summary>
    /// <exception cref="ShardMapException">Its id belongs to another member, or there was no answer in time.</exception>
    public async Task<Member> JoinAsync(Candidate node, long wallMs, CancellationToken cancel)
    {
        var join = Member.Of(0, node) with { SinceMs = wallMs };
        await ChangeAsync(new MapChange { Join = join }, cancel);
        var map = await ReadAsync(cancel);
        return map.Members.FirstOrDefault(m => m.NodeId == node.NodeId && m.DirectoryId == node.DirectoryId)
            ?? throw new ShardMapException(ErrorCode.ClusterNodeConflict.ToText(), $"Node {node.NodeId} was taken in and has been removed since.");
    }

    private static ReplyReader Body(StoreReply reply) =>
        reply.IsOk ? new ReplyReader(reply.Body.Span) : throw new ShardMapException(reply.Error.ToText(), reply.Detail);
}
