using System.Buffers;
using System.Buffers.Binary;

namespace TokMesh.Raft.Tests.Schedule;

/// <summary>
/// A member with a disk that remembers only what was synced, a state machine that records what it applied, and a hand on every
/// moment at which something becomes durable.
/// </summary>
internal sealed class Member : IRaftOutput
{
    private readonly Cluster _cluster;
    private readonly Queue<Write> _writes = new();
    private readonly List<Entry> _decoded = [];
    private int _boots;

    public Member(Cluster cluster, MemberId id, Configuration configuration)
    {
        _cluster = cluster;
        Id = id;
        DiskSnapshot = new SnapshotMeta(LogIndex.Zero, Term.Zero, configuration);
        Start();
    }

    public MemberId Id { get; }

    public RaftGroup Group { get; private set; } = null!;

    public bool IsUp { get; private set; }

    public HardState DiskHardState { get; private set; }

    public SnapshotMeta DiskSnapshot { get; private set; }

    public List<Entry> DiskEntries { get; } = [];

    /// <summary>Digest of everything applied, by chaining.</summary>
    public ulong State { get; private set; }

    public int WritesUnderWay => _writes.Count;

    private ulong DiskSnapshotState { get; set; }

    public bool HasDurably(LogIndex index, Term term) =>
        DiskSnapshot.Index >= index || DiskEntries.Exists(e => e.Index == index && e.Term == term);

    public void Start()
    {
        _boots++;
        var log = new RaftLog(DiskSnapshot.Index, DiskSnapshot.Term, DiskEntries);
        State = DiskSnapshotState;
        Group = new RaftGroup(Id, DiskSnapshot.Configuration, DiskHardState, log, _cluster.Options, (ulong)(Id.Value * 1000 + _boots), _cluster.Now);
        IsUp = true;
    }

    /// <summary>Power is cut: writes under way are gone.</summary>
    public void Crash()
    {
        _writes.Clear();
        IsUp = false;
    }

    public void Receive(byte[] bytes)
    {
        var m = MessageCodec.Decode(bytes, _decoded, out var data);
        Group.Step(m, _decoded.ToArray(), data, _cluster.Now);
        Drain();
    }

    public void Tick()
    {
        Group.Tick(_cluster.Now);
        Drain();
    }

    public void PersistOne(bool tell = true)
    {
        if (!_writes.TryDequeue(out var write)) return;
        if (write.HardState is { } h) DiskHardState = h;
        foreach (var entry in write.Entries)
        {
            DiskEntries.RemoveAll(e => e.Index >= entry.Index);
            DiskEntries.Add(entry);
        }
        if (!tell) return;
        Group.Persisted(write.Seq);
        Drain();
    }

    public void PersistAll()
    {
        while (_writes.Count > 0) PersistOne();
    }

    public void Drain()
    {
        _cluster.Note(this);
        Group.Drain(this);
        _cluster.Note(this);
    }

    public void Compact(long keepBytes)
    {
        var index = Group.Log.Applied;
        if (index <= DiskSnapshot.Index || !DiskEntries.Exists(e => e.Index == index)) return;
        DiskSnapshot = Group.AppliedMeta;
        DiskSnapshotState = State;
        DiskEntries.RemoveAll(e => e.Index <= index);
        Group.Trim(keepBytes);
    }

    public void Persist(ulong seq, HardState? hardState, ReadOnlySpan<Entry> entries) =>
        _writes.Enqueue(new Write(seq, hardState, entries.ToArray()));

    public void Send(in Message message, ReadOnlySpan<Entry> entries, ReadOnlySpan<byte> data)
    {
        _cluster.CheckSend(this, message);
        var buffer = new ArrayBufferWriter<byte>();
        MessageCodec.Encode(buffer, message, entries, data);
        _cluster.Post(message, buffer.WrittenSpan.ToArray());
    }

    public void Apply(ReadOnlySpan<Entry> entries)
    {
        _cluster.Note(this);
        foreach (var entry in entries)
        {
            _cluster.Applied(this, entry);
            State = Chain(State, entry);
        }
    }

    public void ReadReady(ulong context) => _cluster.ReadAnswered(context, Group.Log.Applied);

    public void ReadLost(ulong context) => _cluster.ReadGone(context);

    public void SnapshotNeeded(MemberId to)
    {
        byte[] data = [.. new byte[8], .. _cluster.SnapshotBody(Group.Log.Applied)];
        BinaryPrimitives.WriteUInt64LittleEndian(data, State);
        Group.ProvideSnapshot(to, data);
    }

    public void InstallSnapshot(SnapshotMeta meta, ReadOnlyMemory<byte> data)
    {
        // Installing goes through the same disk: writes handed out before are durable first. The log then ends at the snapshot.
        while (_writes.TryDequeue(out var write)) Group.Persisted(write.Seq);
        DiskHardState = new HardState(Group.Term, Group.Vote);
        DiskSnapshot = meta;
        DiskEntries.Clear();
        DiskSnapshotState = State = BinaryPrimitives.ReadUInt64LittleEndian(data.Span);
        Group.SnapshotInstalled(meta);
        _cluster.SnapshotsInstalled++;
        _cluster.CheckInstalled(this, meta);
    }

    public void RoleChanged(Role role, Term term, MemberId leader)
    {
        if (role == Role.Leader) _cluster.Elected(this, term);
    }

    public static ulong Chain(ulong state, in Entry entry)
    {
        var h = state ^ (entry.Index.Value * 0x9E3779B97F4A7C15);
        foreach (var b in entry.Payload.Span) h = (h ^ b) * 0x100000001B3;
        return (h ^ (h >> 29)) * 0xBF58476D1CE4E5B9;
    }

    private sealed record Write(ulong Seq, HardState? HardState, Entry[] Entries);
}
