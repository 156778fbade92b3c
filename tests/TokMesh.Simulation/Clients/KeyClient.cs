using System.Globalization;
using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Placement;
using TokMesh.Linearizability;
using TokMesh.Simulation.World;
using TokMesh.State.Errors;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Simulation.Clients;

/// <summary>How much a client of keys does.</summary>
/// <param name="RestUs">Longest rest between two calls.</param>
/// <param name="ValueBytes">Size of a value.</param>
/// <param name="Keys">Keys in use at a time.</param>
internal sealed record KeyLoad(int RestUs, int ValueBytes, int Keys);

/// <summary>
/// A caller that writes, reads, counts, swaps, compares and deletes on a few keys through whichever node it likes, and remembers what
/// it was told.
/// </summary>
internal sealed class KeyClient(VirtualWorld world, Conversation talk, KeyLoad load, List<Operation> history)
{
    private const int FleetingMs = 1500;

    // Clocks of leaders differ, and stamps never go back: an expiry is seen this much early or late.
    private const long ExpirySlackUs = 500_000;
    private readonly string _padding = new('.', load.ValueBytes);
    private int _written;

    private Random Random => talk.Random;

    /// <summary>Ends when the client was told to stop and its last call has ended.</summary>
    public async Task Run()
    {
        await talk.Rest(0, 100_000);
        while (!talk.Stopped)
        {
            if (talk.AnyNode() is { } node) await Step(node);
            await talk.Rest(500, load.RestUs);
        }
    }

    // Keys change with time, so that no register's history grows too long to be decided.
    private string Key(string kind, int count) => $"{kind}-{world.Time.NowUs / 3_000_000}-{Random.Next(count)}";

    private string NewValue() => $"{talk.Number}.{++_written}";

    private Task Step(VirtualNode node) => Random.Next(20) switch
    {
        < 6 => Read(node, Key("key", load.Keys)),
        < 10 => Write(node, Key("key", load.Keys)),
        < 11 => Swap(node, Key("key", load.Keys), NewValue()),
        < 12 => Swap(node, Key("key", load.Keys), null),
        < 14 => CompareAndSet(node, Key("key", load.Keys)),
        < 15 => WriteIfAbsent(node, Key("key", load.Keys)),
        < 16 => Delete(node, Key("key", load.Keys)),
        < 18 => Increment(node, Key("count", 1 + load.Keys / 4)),
        < 19 => Flee(node, $"fleeting-{NewValue()}"),
        _ => Read(node, $"fleeting-{Random.Next(1, 9)}.{Random.Next(Math.Max(1, _written - 4), _written + 2)}"),
    };

    private async Task Read(VirtualNode node, string key)
    {
        var (reply, invoked) = await Call(node, OperationKind.Read, key, null, CallKind.Read, b => QueryForms.Get(b, Utf8(key)));
        if (reply is { IsOk: true } r) Add(OperationKind.Read, key, Text(r), invoked, null);
    }

    private async Task Write(VirtualNode node, string key)
    {
        var value = NewValue();
        var (reply, invoked) = await Call(node, OperationKind.Write, key, value, CallKind.Write, b => KeyOps.Set(b, Utf8(key), Value(value)));
        if (Happened(reply) is { } happened) Add(OperationKind.Write, key, value, invoked, null, happened);
    }

    private async Task Swap(VirtualNode node, string key, string? value)
    {
        var (reply, invoked) = await Call(node, OperationKind.Swap, key, value, CallKind.Write, b =>
        {
            if (value is null) KeyOps.GetDel(b, Utf8(key));
            else KeyOps.Set(b, Utf8(key), Value(value), SetFlags.GetOld);
        });
        if (Happened(reply) is { } happened) Add(OperationKind.Swap, key, value, invoked, happened ? Text(reply!.Value) : null, happened);
    }

    private async Task WriteIfAbsent(VirtualNode node, string key)
    {
        var value = NewValue();
        var (reply, invoked) = await Call(node, OperationKind.WriteIfAbsent, key, value, CallKind.Write,
            b => KeyOps.Set(b, Utf8(key), Value(value), SetFlags.IfAbsent | SetFlags.GetOld));
        if (Happened(reply) is { } happened) Add(OperationKind.WriteIfAbsent, key, value, invoked, happened ? Text(reply!.Value) : null, happened);
    }

    private async Task CompareAndSet(VirtualNode node, string key)
    {
        var (read, readAt) = await Call(node, OperationKind.Read, key, null, CallKind.Read, b => QueryForms.GetWithVersion(b, Utf8(key)));
        if (read is not { IsOk: true } found) return;
        var version = VersionOf(found, out var expected);
        Add(OperationKind.Read, key, expected, readAt, null);
        await talk.Rest(100, 5_000);
        if (node.Node is null) return;
        var value = NewValue();
        var (reply, invoked) = await Call(node, OperationKind.CompareAndSet, key, value, CallKind.Write,
            b => KeyOps.Set(b, Utf8(key), Value(value), ifVersion: version));
        if (reply is { Error: ErrorCode.KeyVersionConflict }) return;
        if (Happened(reply) is { } happened) Add(OperationKind.CompareAndSet, key, value, invoked, expected, happened);
    }

    private async Task Delete(VirtualNode node, string key)
    {
        var (reply, invoked) = await Call(node, OperationKind.Write, key, null, CallKind.Write, b =>
        {
            KeyOps.Del(b, 1);
            KeyOps.KeyItem(b, Utf8(key));
        });
        if (Happened(reply) is not { } happened) return;
        // A delete that found nothing is a read of nothing.
        var found = !happened || Text(reply!.Value) == "1";
        Add(found ? OperationKind.Write : OperationKind.Read, key, null, invoked, null, happened);
    }

    private async Task Increment(VirtualNode node, string key)
    {
        var (reply, invoked) = await Call(node, OperationKind.Increment, key, null, CallKind.Write, b => KeyOps.IncrBy(b, Utf8(key), 1));
        if (Happened(reply) is { } happened) Add(OperationKind.Increment, key, happened ? Text(reply!.Value) : null, invoked, null, happened);
    }

    /// <summary>Sets a key, once ever, that ends by itself.</summary>
    private async Task Flee(VirtualNode node, string key)
    {
        var (reply, invoked) = await Call(node, OperationKind.Write, key, "there", CallKind.Write,
            b => KeyOps.Set(b, Utf8(key), Value("there"), mode: ExpiryMode.Relative, expiryMs: FleetingMs));
        if (Happened(reply) is not { } happened) return;
        Add(OperationKind.Write, key, "there", invoked, null, happened);
        history.Add(new Operation(talk.Number, key, OperationKind.Write, null, invoked + FleetingMs * 1000 - ExpirySlackUs,
            happened ? world.Time.NowUs + FleetingMs * 1000 + ExpirySlackUs : Operation.Never));
    }

    private async Task<(StoreReply? Reply, long Invoked)> Call(VirtualNode node, OperationKind what, string key, string? value,
        CallKind kind, Action<System.Buffers.IBufferWriter<byte>> write)
    {
        var invoked = world.Time.NowUs;
        var call = talk.Calls(node, what.ToString(), key, value);
        var group = Sharding.OfKey(Utf8(key), world.Bootstrap.ShardCount).Group;
        var reply = await talk.Ask(node, () => kind == CallKind.Read
            ? node.Store!.ReadAsync(group, write, Consistency.Linearizable, Conversation.DeadlineOf(node))
            : node.Store!.WriteAsync(group, write, Conversation.DeadlineOf(node)));
        talk.Heard(call, key, reply?.Outcome, reply is { IsOk: true } r ? Text(r) : null);
        return (reply, invoked);
    }

    /// <summary>True of a call that was answered, false of one that may have happened, null of one that did not.</summary>
    private static bool? Happened(StoreReply? reply) => reply switch
    {
        null or { Outcome: CallOutcome.Unknown } or { Error: ErrorCode.ReplyForgotten } => false,
        { Outcome: CallOutcome.Failed } => null,
        { IsOk: true } => true,
        { } odd => throw new InvalidOperationException($"A key was used and the answer was {odd.Error} {odd.Detail}."),
    };

    private void Add(OperationKind kind, string key, string? value, long invoked, string? seen, bool happened = true) =>
        history.Add(new Operation(talk.Number, key, kind, value, invoked, happened ? world.Time.NowUs : Operation.Never) { Seen = seen });

    private byte[] Value(string value) => Utf8(value + _padding);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static ulong VersionOf(StoreReply reply, out string? value)
    {
        value = null;
        if (reply.Tag == ReplyTag.Nil) return 0;
        value = Unpadded(new ReplyReader(reply.Body.Span).Versioned(out var version, out _));
        return version;
    }

    private static string? Text(StoreReply reply)
    {
        var reader = new ReplyReader(reply.Body.Span);
        return reader.Tag switch
        {
            ReplyTag.Ok or ReplyTag.Nil => null,
            ReplyTag.Integer => reader.Integer().ToString(CultureInfo.InvariantCulture),
            ReplyTag.Bulk => Unpadded(reader.Bulk()),
            ReplyTag.Versioned => Unpadded(reader.Versioned(out _, out _)),
            _ => throw new InvalidOperationException($"Reply {reader.Tag} to a call on a key."),
        };
    }

    private static string Unpadded(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(value.TrimEnd((byte)'.'));
}
