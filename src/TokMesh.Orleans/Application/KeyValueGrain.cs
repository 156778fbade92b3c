using Orleans.Concurrency;
using TokMesh.Client;
using TokMesh.Client.Orleans;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Placement;
using TokMesh.Orleans.Nodes;
using TokMesh.State.Errors;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Application;

/// <summary>
/// Plain keys for Orleans clients and code in silos, answered by the silo's own node. The rules are those of the HTTP front end but for API
/// keys: callers of grains are inside the cluster's trust.
/// </summary>
[StatelessWorker, Reentrant]
public sealed class KeyValueGrain(NodeAccess access) : Grain, IKeyValueGrain
{
    /// <inheritdoc/>
    public Task<Reply<KeyEntryWire>> GetAsync(string key, CallWire call, CancellationToken cancel) =>
        RunAsync<KeyEntryWire>(NameRule(key, out var name), async () =>
        {
            var reply = await access.Store.ReadAsync(GroupOf(name), b => QueryForms.GetWithVersion(b, name), Replies.ConsistencyOf(call), Replies.DeadlineMs(access.Node, call));
            return Replies.Of(reply, EntryOf)!;
        }, cancel);

    /// <inheritdoc/>
    public Task<Reply<SetWire>> SetAsync(string key, SetRequestWire request, CallWire call, CancellationToken cancel) =>
        RunAsync<SetWire>(NameRule(key, out var name) ?? KeyRules.Value(request.Value.Length) ?? KeyRules.Ttl(request.TtlSeconds), async () =>
        {
            var mode = request.TtlSeconds is null ? ExpiryMode.None : ExpiryMode.Relative;
            var reply = await access.Store.WriteAsync(GroupOf(name),
                b => KeyOps.Set(b, name, request.Value.Span, SetFlags.GetVersion, mode, (request.TtlSeconds ?? 0) * 1000, request.IfVersion), Replies.DeadlineMs(access.Node, call));
            if (reply.Error == ErrorCode.KeyVersionConflict) return Replies.Ok(new SetWire(false, Replies.PresentVersion(reply)));
            return Replies.Of(reply, static (in StoreReply r) => new SetWire(true, (ulong)new ReplyReader(r.Body.Span).Integer()));
        }, cancel);

    /// <inheritdoc/>
    public Task<Reply<DeleteWire>> DeleteAsync(string key, ulong? ifVersion, CallWire call, CancellationToken cancel) =>
        RunAsync<DeleteWire>(NameRule(key, out var name), async () =>
        {
            var reply = await access.Store.WriteAsync(GroupOf(name), b =>
            {
                if (ifVersion is { } version)
                {
                    KeyOps.DelIfVersion(b, name, version);
                    return;
                }
                KeyOps.Del(b, 1);
                KeyOps.KeyItem(b, name);
            }, Replies.DeadlineMs(access.Node, call));
            if (reply.Error == ErrorCode.KeyVersionConflict) return Replies.Ok(new DeleteWire((byte)DeleteStatus.Conflict, Replies.PresentVersion(reply)));
            return Replies.Of(reply, (in StoreReply r) =>
            {
                var deleted = ifVersion is { } matched ? matched != 0 : new ReplyReader(r.Body.Span).Integer() > 0;
                return new DeleteWire((byte)(deleted ? DeleteStatus.Deleted : DeleteStatus.NotFound), 0);
            });
        }, cancel);

    private static RuleViolation? NameRule(string key, out byte[] name)
    {
        name = [];
        if (TextRules.Check("key", key) is { } broken) return broken;
        name = TextRules.Utf8.GetBytes(key);
        return KeyRules.Name(name);
    }

    private static async Task<Reply<T>> RunAsync<T>(RuleViolation? broken, Func<ValueTask<Reply<T>>> ask, CancellationToken cancel)
    {
        if (broken is not null) return Replies.Refused<T>(broken);
        // Later there is no way back: what is in a log cannot be called off.
        cancel.ThrowIfCancellationRequested();
        try
        {
            return await ask();
        }
        catch (NodeNotReadyException e)
        {
            return Replies.NotReady<T>(e);
        }
    }

    private static KeyEntryWire? EntryOf(in StoreReply reply)
    {
        if (reply.Tag == ReplyTag.Nil) return null;
        var value = new ReplyReader(reply.Body.Span).Versioned(out var version, out var expiresAt);
        return new KeyEntryWire { Value = value.ToArray(), Version = version, ExpiresAtMs = expiresAt };
    }

    private uint GroupOf(byte[] key) => Sharding.OfKey(key, access.Node.Bootstrap.ShardCount).Group;
}
