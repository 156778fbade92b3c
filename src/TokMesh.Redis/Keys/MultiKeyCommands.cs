using TokMesh.Cluster.Calls;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;
using TokMesh.State.Keys;
using TokMesh.State.Queries;

namespace TokMesh.Redis.Keys;

/// <summary>
/// Commands over several plain keys: MGET, MSET, DEL, UNLINK, EXISTS. Keys of one shard are one atomic call; the shards work in
/// parallel, so over several shards the command is not atomic. Keys with a common <c>{tag}</c> share a shard.
/// </summary>
internal sealed class MultiKeyCommands(CommandScope scope)
{
    private readonly KeySplit _split = new();

    public DispatchResult MGet(CommandSpec command, in Request request) => Take(command, request, CallKind.Read, ReplyShape.Values, 1);

    public DispatchResult Exists(CommandSpec command, in Request request) => Take(command, request, CallKind.Read, ReplyShape.Sum, 1);

    /// <summary>DEL, UNLINK.</summary>
    public DispatchResult Del(CommandSpec command, in Request request) => Take(command, request, CallKind.Write, ReplyShape.Sum, 1);

    public DispatchResult MSet(CommandSpec command, in Request request) => request.Count % 2 == 0
        ? scope.Refuse(ErrorReplies.Arity(command.Name))
        : Take(command, request, CallKind.Write, ReplyShape.AllOk, 2);

    private DispatchResult Take(CommandSpec command, in Request request, CallKind kind, ReplyShape shape, int step)
    {
        var keys = (request.Count - 1) / step;
        _split.Sort(scope, request, keys, step);
        if (!_split.MayUse(scope.Stage, kind)) return DispatchResult.NextStage;
        if (shape == ReplyShape.Values && !scope.Stage.TryReturnValue()) return DispatchResult.NextStage;
        if (_split.Parts == 1)
        {
            WriteBody(command.Id, request, 0, step);
            return scope.Submit(command, ReplyShape.Plain, _split.GroupOf(0), kind);
        }
        var calls = new Call[_split.Parts];
        for (var part = 0; part < calls.Length; part++)
        {
            WriteBody(command.Id, request, part, step);
            calls[part] = scope.NewCall(_split.GroupOf(part), kind, scope.Arena.Take());
        }
        return scope.Submit(command, shape, new SplitCall(calls, shape == ReplyShape.Values ? _split.PartOfKey(keys) : []));
    }

    private void WriteBody(Command command, in Request request, int part, int step)
    {
        var arena = scope.Arena;
        var count = _split.CountOf(part);
        switch (command)
        {
            case Command.MGet:
                QueryForms.MGetWithin(arena, count, ReplyBounds.ManyValuesBytes);
                break;
            case Command.Exists:
                QueryForms.Exists(arena, count);
                break;
            case Command.MSet:
                KeyOps.MSet(arena, count);
                break;
            default:
                KeyOps.Del(arena, count);
                break;
        }
        for (var key = _split.FirstOf(part); key >= 0; key = _split.NextOf(key))
        {
            var word = 1 + (key * step);
            KeyOps.KeyItem(arena, request[word]);
            if (step == 2) KeyOps.KeyItem(arena, request[word + 1]);
        }
    }
}
