using System.Buffers;
using System.Text;
using TokMesh.Cluster;
using TokMesh.Linearizability;
using TokMesh.State;

namespace TokMesh.Simulation.World;

/// <summary>A caller that writes, reads and counts on a few keys through whichever node it likes, and remembers what it was told.</summary>
internal sealed class RegisterClient(VirtualWorld world, int number, List<Operation> history) : ICallOwner
{
    private readonly Random _random = new(number * 7919 + world.Random.Next());
    private int _written;
    private (OperationKind Kind, string Key, string? Value, long Invoked, VirtualNode At, int Boot) _open;

    public bool Stopped { get; set; }

    public int Answered { get; private set; }

    public int Unknown { get; private set; }

    public void Start() => world.Time.After(_random.Next(100_000), Next);

    public void Completed(Call call)
    {
        world.Time.Note((ulong)call.Outcome << 32 | (uint)number);
        Record(call);
        Rest();
    }

    private void Next()
    {
        if (Stopped) return;
        var node = world.Nodes[_random.Next(world.Nodes.Count)];
        if (node.Node is not { } target)
        {
            Rest();
            return;
        }
        // Keys change with time, so that no register's history grows too long to be decided.
        var counter = _random.Next(5) == 0;
        var key = $"{(counter ? "count" : "key")}-{world.Time.NowUs / 2_000_000}-{_random.Next(counter ? 2 : 6)}";
        var kind = counter ? OperationKind.Increment : _random.Next(2) == 0 ? OperationKind.Write : OperationKind.Read;
        var value = kind == OperationKind.Write ? $"{number}.{++_written}" : null;
        _open = (kind, key, value, world.Time.NowUs, node, node.Boots);
        var body = new ArrayBufferWriter<byte>();
        var utf8 = Encoding.UTF8.GetBytes(key);
        switch (kind)
        {
            case OperationKind.Write:
                KeyOps.Set(body, utf8, Encoding.UTF8.GetBytes(value!));
                break;
            case OperationKind.Increment:
                KeyOps.IncrBy(body, utf8, 1);
                break;
            default:
                Queries.Get(body, utf8);
                break;
        }
        var invoked = _open.Invoked;
        target.Submit(new Call
        {
            Group = Sharding.OfKey(utf8, world.Genesis.ShardCount).Group,
            Kind = kind == OperationKind.Read ? CallKind.Read : CallKind.Write,
            Body = body.WrittenMemory,
            DeadlineMs = node.MonotonicMs + 3000,
            Owner = this,
        });
        // A node that crashes never answers: its caller finds out by itself.
        world.Time.After(4_000_000, () =>
        {
            if (_open.Invoked != invoked || _open.At.Boots == _open.Boot) return;
            if (_open.Kind != OperationKind.Read) Add(_open.Value, Operation.Never);
            Unknown++;
            Rest();
        });
    }

    private void Rest()
    {
        _open = default;
        world.Time.After(_random.Next(500, 20_000), Next);
    }

    private void Record(Call call)
    {
        if (_open.At is null) throw new InvalidOperationException("A call ended that nobody waits for.");
        switch (call.Outcome)
        {
            case CallOutcome.Answered:
                Answered++;
                var reader = new ReplyReader(call.Reply.Span);
                var value = reader.Tag switch
                {
                    ReplyTag.Ok => _open.Value,
                    ReplyTag.Nil => null,
                    ReplyTag.Integer => reader.Integer().ToString(System.Globalization.CultureInfo.InvariantCulture),
                    ReplyTag.Bulk => Encoding.UTF8.GetString(reader.Bulk()),
                    _ => throw new InvalidOperationException($"Reply {reader.Tag} to {_open.Kind}."),
                };
                Add(value, world.Time.NowUs);
                break;
            case CallOutcome.Unknown:
                Unknown++;
                if (_open.Kind != OperationKind.Read) Add(_open.Value, Operation.Never);
                break;
        }
    }

    private void Add(string? value, long returned) =>
        history.Add(new Operation(number, _open.Key, _open.Kind, value, _open.Invoked, returned));
}
