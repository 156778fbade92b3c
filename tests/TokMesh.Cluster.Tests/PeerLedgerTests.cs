using TokMesh.Cluster.Starts;
using TokMesh.Log;
using TokMesh.Log.Writing;
using TokMesh.Raft.Log;
using TokMesh.TestKit.Disks;

namespace TokMesh.Cluster.Tests;

public sealed class PeerLedgerTests
{
    private const int AliveMs = 600;
    private static readonly MemberId Member = new(2);
    private static readonly NodeStart First = new(1, 0xA1);
    private static readonly NodeStart Second = new(2, 0xA2);

    private readonly VirtualDisk _disk = new();
    private readonly List<Action> _writing = [];
    private WriteAheadLog _log = null!;
    private PeerLedger _ledger = null!;
    private long _now = 1_000_000;

    public PeerLedgerTests() => Open();

    [Fact]
    public void A_start_is_let_in_when_it_is_on_the_disk_and_not_before()
    {
        var told = Admit(new NodePast([First], 0));
        Assert.Empty(told);
        Assert.False(Hears(First));
        Sync();
        Assert.Null(Assert.Single(told));
        Assert.True(Hears(First));
        Assert.Equal(First, _ledger.StoredStart(Member));
    }

    [Fact]
    public void What_was_let_in_is_known_after_a_restart()
    {
        LetIn(new NodePast([First, Second], 10));
        _ledger.Told(Member, 70);
        Store(all: true);
        _disk.Crash();
        Open();
        _now += 1_000;
        Assert.Equal("TM-CLST-4091", Assert.Single(Admit(new NodePast([First], 90)))?.Code);
        Assert.Equal("TM-CLST-4092", Assert.Single(Admit(new NodePast([First, Second, new NodeStart(3, 3)], 69)))?.Code);
        LetIn(new NodePast([First, Second, new NodeStart(3, 3)], 70));
    }

    [Fact]
    public void Only_the_start_that_was_let_in_last_is_heard()
    {
        LetIn(new NodePast([First], 0));
        Assert.False(Hears(Second));
        _now += AliveMs;
        LetIn(new NodePast([First, Second], 0));
        Assert.True(Hears(Second));
        Assert.False(Hears(First));
        Assert.False(Hears(NodeStart.None));
        Assert.False(_ledger.Hear(new MemberId(3), First, _now));
    }

    [Fact]
    public void A_start_that_was_heard_a_moment_ago_keeps_its_place()
    {
        LetIn(new NodePast([First], 0));
        for (var i = 0; i < 5; i++)
        {
            _now += AliveMs - 1;
            Assert.Equal("TM-CLST-4093", Assert.Single(Admit(new NodePast([First, Second], 0)))?.Code);
            Assert.True(Hears(First));
        }
        _now += AliveMs;
        LetIn(new NodePast([First, Second], 0));
    }

    [Fact]
    public void After_its_own_start_a_node_takes_those_it_knows_to_run_for_a_moment()
    {
        LetIn(new NodePast([First], 0));
        Open();
        _now += 999;
        Assert.Equal("TM-CLST-4093", Assert.Single(Admit(new NodePast([First, Second], 0)))?.Code);
        // The start that it knows may come at once.
        Assert.Null(Assert.Single(Admit(new NodePast([First], 0))));
    }

    [Fact]
    public void Of_two_that_introduce_themselves_at_the_same_moment_one_is_let_in()
    {
        LetIn(new NodePast([First], 0));
        _now += AliveMs;
        var one = Admit(new NodePast([First, Second], 0));
        var other = Admit(new NodePast([First, new NodeStart(2, 0xB2)], 0));
        Assert.Equal("TM-CLST-4091", Assert.Single(other)?.Code);
        Sync();
        Assert.Null(Assert.Single(one));
    }

    [Fact]
    public void A_condemned_start_is_not_heard_and_does_not_come_back_after_a_restart()
    {
        LetIn(new NodePast([First], 0));
        _now += AliveMs;
        LetIn(new NodePast([First, Second], 5));
        _ledger.Condemn(Member);
        Assert.False(Hears(Second));
        Sync();
        Assert.Equal("TM-CLST-4094", Assert.Single(Admit(new NodePast([First, Second], 9)))?.Code);
        _disk.Crash();
        Open();
        _now += 1_000;
        Assert.Equal("TM-CLST-4094", Assert.Single(Admit(new NodePast([First, Second, new NodeStart(3, 3)], 9)))?.Code);
        LetIn(new NodePast([First, new NodeStart(2, 0xC2)], 5));
    }

    [Fact]
    public void A_position_is_stored_along_with_other_writes_and_does_not_feed_itself()
    {
        LetIn(new NodePast([First], 0));
        _ledger.Told(Member, 3);
        Assert.True(Batch(writes: false).IsEmpty);
        Assert.Equal(2, Records(Batch(writes: true)));
        // Not again at once, nor when nothing is new.
        _ledger.Told(Member, 4);
        Assert.Equal(1, Records(Batch(writes: true)));
        _now += 2_000;
        Assert.Equal(2, Records(Batch(writes: true)));
        _now += 2_000;
        Assert.Equal(1, Records(Batch(writes: true)));
        // Far behind, by itself.
        _ledger.Told(Member, 100);
        Assert.False(Batch(writes: false).IsEmpty);
    }

    private void Open()
    {
        _log?.Dispose();
        _log = WriteAheadLog.Open(_disk, new WriteAheadLogOptions { FillRandom = new Random(1).NextBytes }, out var found);
        _writing.Clear();
        _ledger = new PeerLedger(found, AliveMs, _now, (number, note, done) => _writing.Add(() =>
        {
            var batch = new LogBatch();
            batch.AppendNote(number, note);
            _log.Append(batch);
            _log.Flush();
            done();
        }));
    }

    private void Sync()
    {
        foreach (var write in _writing.ToArray()) write();
        _writing.Clear();
    }

    private List<HelloRefusal?> Admit(NodePast past)
    {
        var told = new List<HelloRefusal?>();
        _ledger.Admit(Member, "tmnd-two", past, _now, told.Add);
        return told;
    }

    private void LetIn(NodePast past)
    {
        var told = Admit(past);
        Sync();
        Assert.Null(Assert.Single(told));
        Assert.True(Hears(past.Current));
    }

    private bool Hears(NodeStart start) => _ledger.Hear(Member, start, _now);

    private void Store(bool all)
    {
        var batch = new LogBatch();
        _ledger.Store(batch, _now, all);
        _log.Append(batch);
        _log.Flush();
    }

    private LogBatch Batch(bool writes)
    {
        var batch = new LogBatch();
        if (writes) batch.AppendHardState(1, 1, 1);
        _ledger.Store(batch, _now);
        return batch;
    }

    // A hard state takes 17 bytes, a note of a peer 9 and its 64.
    private static int Records(LogBatch batch) => batch.Bytes switch { 17 => 1, 17 + 9 + 64 => 2, _ => -1 };
}
