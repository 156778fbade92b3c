using System.Buffers;
using System.Buffers.Binary;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests.Harness;

/// <summary>
/// A member with a disk that remembers only what was synced, a state machine that records what it applied, and a hand on every
/// moment at which something becomes durable.
/// </summary>
internal sealed class Member : IRaftOutput
{
    private readonly Cluster _cluster;
    private readonly Queue<Write> _writes = new();
    private readonly List<Entry> _decoded = [];
    private long _busyUntil;
    private bool _isDrainDue;
    private (long At, long Reads, int Percent) _clock = (0, 0, 100);
    private readonly Dictionary<string, Disk> _kept = [];

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

    public int Boots { get; private set; }

    /// <summary>Whether it is up and its thread is free to do something.</summary>
    public bool Runs => IsUp && !IsFrozen && _cluster.Now >= _busyUntil;

    /// <summary>The machine stands still while time goes on around it.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>Nothing handed out for writing becomes durable, unless by hand.</summary>
    public bool IsDiskStalled { get; set; }

    /// <summary>How long one entry keeps this member's thread, in milliseconds.</summary>
    public int ApplyMs { get; set; }

    /// <summary>What this member's own clock shows.</summary>
    public long Now => _clock.Reads + (_cluster.Now - _clock.At) * _clock.Percent / 100;

    public HardState DiskHardState { get; private set; }

    public SnapshotMeta DiskSnapshot { get; private set; }

    public List<Entry> DiskEntries { get; } = [];

    /// <summary>A commit position that was written along with something else; what it speaks of is on the disk too.</summary>
    public LogIndex DiskCommit { get; private set; }

    /// <summary>Whether an older disk was put back, or an empty one in its place: what it promised may be gone.</summary>
    public bool HasForgotten { get; private set; }

    /// <summary>Digest of everything applied, by chaining.</summary>
    public ulong State { get; private set; }

    public int WritesUnderWay => _writes.Count;

    private ulong DiskSnapshotState { get; set; }

    public bool HasDurably(LogIndex index, Term term)
    {
        if (DiskSnapshot.Index >= index) return true;
        var at = index - DiskSnapshot.Index - 1;
        return at < DiskEntries.Count && DiskEntries[(int)at].Index == index && DiskEntries[(int)at].Term == term;
    }

    /// <summary>Begins with what another life left on the disk.</summary>
    public void StartWith(HardState hardState, IEnumerable<Entry> entries)
    {
        DiskHardState = hardState;
        DiskEntries.AddRange(entries);
        Start();
    }

    /// <summary>From now on its clock runs at another speed than the cluster's.</summary>
    public void RunClockAt(int percent) => _clock = (_cluster.Now, Now, percent);

    public void Start()
    {
        Boots++;
        var log = new RaftLog(DiskSnapshot.Index, DiskSnapshot.Term, DiskEntries);
        State = DiskSnapshotState;
        log.CommitTo(LogIndex.Min(DiskCommit, log.Last));
        Group = new RaftGroup(Id, DiskSnapshot.Configuration, DiskHardState, log, _cluster.Options, (ulong)(Id.Value * 1000 + Boots), Now);
        IsUp = true;
        _busyUntil = 0;
        _isDrainDue = false;
        _cluster.Note(this);
    }

    /// <summary>Power is cut: writes under way are gone.</summary>
    public void Crash()
    {
        _writes.Clear();
        IsUp = false;
    }

    /// <summary>Takes a copy of the disk as it is.</summary>
    public void KeepDisk(string name) => _kept[name] = new Disk(DiskHardState, DiskSnapshot, DiskSnapshotState, [.. DiskEntries], DiskCommit);

    /// <summary>Puts a copy in the disk's place; <c>empty</c> is always there.</summary>
    /// <exception cref="KeyNotFoundException">No copy was kept by that name.</exception>
    public void PutBack(string name)
    {
        var disk = name != "empty" ? _kept[name] : new Disk(default, new SnapshotMeta(LogIndex.Zero, Term.Zero, DiskSnapshot.Configuration), 0, [], LogIndex.Zero);
        (DiskHardState, DiskSnapshot, DiskSnapshotState, DiskCommit) = (disk.HardState, disk.Snapshot, disk.SnapshotState, disk.Commit);
        DiskEntries.Clear();
        DiskEntries.AddRange(disk.Entries);
        HasForgotten = true;
    }

    public void Receive(byte[] bytes)
    {
        var m = MessageCodec.Decode(bytes, _decoded, out var data);
        Group.Step(m, _decoded.ToArray(), data, Now);
        Drain();
    }

    public void Tick()
    {
        Group.Tick(Now);
        Drain();
    }

    /// <summary>The oldest write becomes durable.</summary>
    /// <param name="tell">Whether the group hears of it: a crash may come between.</param>
    public void PersistOne(bool tell = true)
    {
        if (!_writes.TryDequeue(out var write)) return;
        if (write.HardState is { } h) DiskHardState = h;
        foreach (var entry in write.Entries)
        {
            while (DiskEntries.Count > 0 && DiskEntries[^1].Index >= entry.Index) DiskEntries.RemoveAt(DiskEntries.Count - 1);
            if (entry.Index > DiskSnapshot.Index) DiskEntries.Add(entry);
        }
        if (write.Install is null) DiskCommit = LogIndex.Max(DiskCommit, write.Commit);
        if (write.Install is { } install)
        {
            DiskSnapshot = install.Meta;
            DiskSnapshotState = install.State;
            DiskCommit = LogIndex.Max(DiskCommit, install.Meta.Index);
            DiskEntries.Clear();
        }
        if (!tell) return;
        if (write.Install is { } installed)
        {
            State = installed.State;
            Group.SnapshotInstalled(installed.Meta);
            _cluster.SnapshotsInstalled++;
            _cluster.CheckInstalled(this, installed.Meta);
        }
        else Group.Persisted(write.Seq);
        Drain();
    }

    public void PersistAll()
    {
        while (_writes.Count > 0) PersistOne();
    }

    public void Drain()
    {
        _isDrainDue = ApplyMs > 0;
        if (!_isDrainDue) DrainNow();
    }

    /// <summary>Who applies slowly takes all that has arrived first, as a thread does that comes round to it, and then does what is due once.</summary>
    public void EndTurn()
    {
        if (!_isDrainDue) return;
        _isDrainDue = false;
        DrainNow();
    }

    private void DrainNow()
    {
        _cluster.Note(this);
        Group.Drain(this);
        _cluster.Note(this);
    }

    public void Compact(long keepBytes)
    {
        var index = Group.Log.Applied;
        if (index <= DiskSnapshot.Index || DiskEntries.Count == 0 || DiskEntries[^1].Index < index) return;
        DiskSnapshot = Group.AppliedMeta;
        DiskSnapshotState = State;
        DiskEntries.RemoveAll(e => e.Index <= index);
        Group.Trim(keepBytes);
    }

    public void Persist(ulong seq, HardState? hardState, ReadOnlySpan<Entry> entries) =>
        _writes.Enqueue(new Write(seq, hardState, entries.ToArray(), Group.Log.Commit, null));

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
        _busyUntil = Math.Max(_busyUntil, _cluster.Now) + (long)ApplyMs * entries.Length;
    }

    public void ReadReady(ulong context) => _cluster.ReadAnswered(context, Group.Log.Applied);

    public void ReadLost(ulong context) => _cluster.ReadGone(context);

    public void SnapshotNeeded(MemberId to)
    {
        byte[] data = [.. new byte[8], .. _cluster.SnapshotBody(Group.Log.Applied)];
        BinaryPrimitives.WriteUInt64LittleEndian(data, State);
        Group.ProvideSnapshot(to, data);
    }

    // Installing waits for the same disk: writes handed out before are durable first. The log then ends at the snapshot.
    public void InstallSnapshot(SnapshotMeta meta, ReadOnlyMemory<byte> data) =>
        _writes.Enqueue(new Write(0, null, [], LogIndex.Zero, (meta, BinaryPrimitives.ReadUInt64LittleEndian(data.Span))));

    public void Excluded(MemberId follower, LogViolation violation, LogIndex index) => _cluster.MustHaveForgotten($"Leader {Id} excluded member {follower}: {violation} at {index}");

    public void Halted(LogViolation violation, MemberId leader, LogIndex index) => _cluster.MustHaveForgotten($"Member {Id} halted under leader {leader}: {violation} at {index}");

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

    private sealed record Disk(HardState HardState, SnapshotMeta Snapshot, ulong SnapshotState, Entry[] Entries, LogIndex Commit);

    private sealed record Write(ulong Seq, HardState? HardState, Entry[] Entries, LogIndex Commit, (SnapshotMeta Meta, ulong State)? Install);
}
