using System.Buffers;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Disks;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Cluster.Tests.Health;

public sealed class NodeHealthTests : IClock, INodeWatch
{
    private static readonly MemberId One = new(1);
    private static readonly MemberId Two = new(2);
    private static readonly MemberId Three = new(3);
    private readonly List<uint> _others = [2, 3];
    private readonly List<(HealthCode Code, MemberId Subject, bool IsRaised)> _changes = [];
    private readonly NodeHealth _health;
    private readonly DiskWatch _disk;
    private readonly ClockGuard _guard;
    private ulong _number;
    private bool _knowsMeta = true;

    public NodeHealthTests()
    {
        _guard = new ClockGuard(500, this, others: 2, static (_, _) => { });
        _disk = new DiskWatch(600, static () => { });
        _health = new NodeHealth(One, groupCount: 17, () => _others, () => _knowsMeta, _guard, _disk, this, 5, this);
    }

    public long MonotonicMs { get; private set; } = 1_000;

    public long WallMs => 1_800_000_000_000 + MonotonicMs;

    [Fact]
    public void What_is_raised_is_there_at_once_and_told_once()
    {
        _health.Raise(HealthCode.DiskHung, detail: "3 s");
        _health.Raise(HealthCode.DiskHung, detail: "4 s");
        var condition = Assert.Single(_health.Own);
        Assert.Equal((HealthCode.DiskHung, One, "4 s", Severity.Critical), (condition.Code, condition.Subject, condition.Detail, condition.Severity));
        Assert.True(_health.HasNews);
        _health.Clear(HealthCode.DiskHung);
        Rounds(3_000);
        Assert.Empty(_health.Own);
        Assert.Equal([(HealthCode.DiskHung, One, true), (HealthCode.DiskHung, One, false)], _changes);
    }

    [Fact]
    public void Members_and_groups_of_what_is_raised_are_told_apart()
    {
        _health.Raise(HealthCode.AcknowledgedLost, Three, group: 7);
        _health.Raise(HealthCode.AcknowledgedLost, Three, group: 2);
        _health.Raise(HealthCode.AcknowledgedLost, Two, group: 2);
        _health.Clear(HealthCode.AcknowledgedLost, Three, group: 4);
        _health.Clear(HealthCode.MemberRefused, Three);
        Assert.Equal(["2: 2", "3: 2,7"], _health.Own.Select(c => $"{c.Subject.Value}: {string.Join(',', c.Examples)}"));
        _health.Clear(HealthCode.AcknowledgedLost, Three, group: 7);
        Assert.Equal(1, _health.Own[1].Groups);
        _health.Clear(HealthCode.AcknowledgedLost, Three, group: 2);
        _health.Clear(HealthCode.AcknowledgedLost, Two);
        Rounds(3_000);
        Assert.Empty(_health.Own);
    }

    [Fact]
    public void A_condition_of_groups_is_about_no_member()
    {
        _health.Raise(HealthCode.NoLeader, Three, group: 1);
        Rounds(2_000);
        Assert.True(Assert.Single(_health.Own).Subject.IsNone);
    }

    [Fact]
    public void A_long_detail_is_cut()
    {
        _health.Raise(HealthCode.DiskSlow, detail: new string('x', 5_000));
        Assert.Equal(Condition.MaxDetailLength, _health.Own[0].Detail.Length);
    }

    [Fact]
    public void Members_are_silent_when_their_reports_stop_and_are_not_before_they_had_time_to_come()
    {
        Hear(Two);
        Rounds(4_000);
        Assert.Empty(_health.Own);
        Rounds(1_000);
        Assert.Equal([Two], _health.Own.Select(c => c.Subject));
        // The other had longer, since nobody has heard it yet.
        Rounds(6_000);
        Assert.Equal([Two, Three], _health.Own.Select(c => c.Subject));
        Assert.All(_health.Own, c => Assert.Equal(HealthCode.MemberSilent, c.Code));
        Assert.Equal([(Two, true), (Three, true)], _health.Cluster().Reports.Select(r => (r.Node, r.IsStale)));
        Hear(Two);
        Hear(Three);
        _health.Round(MonotonicMs);
        Assert.Empty(_health.Own);
        Assert.Equal([0L, 0L], _health.Cluster().Reports.Select(r => r.AgeMs));
    }

    [Fact]
    public void A_member_that_left_is_not_missed()
    {
        Hear(Two);
        Hear(Three);
        _others.Remove(3);
        for (var i = 0; i < 10; i++)
        {
            Rounds(1_000);
            Hear(Two);
        }
        Assert.Empty(_health.Own);
        Hear(Three, new Condition(HealthCode.DiskHung, Three, 1));
        Assert.Empty(_health.Cluster().Conditions);
    }

    [Fact]
    public void What_others_say_counts_as_long_as_it_is_fresh()
    {
        Hear(Two, new Condition(HealthCode.DiskSlow, Two, 9));
        Assert.Equal(HealthCode.DiskSlow, Assert.Single(_health.Cluster().Conditions).Condition.Code);
        Assert.Equal([Two], _health.Cluster().Conditions[0].ReportedBy);
        Assert.Empty(_health.Own);
        MonotonicMs += NodeHealth.StaleMs + 1;
        Assert.Empty(_health.Cluster().Conditions);
    }

    [Fact]
    public void An_older_report_that_comes_late_does_not_replace_a_newer_one()
    {
        var late = Bytes(boot: 8, number: 1, new Condition(HealthCode.DiskHung, Two, 9));
        _health.Received(Two, Bytes(boot: 8, number: 2), MonotonicMs);
        _health.Received(Two, late, MonotonicMs);
        Assert.Empty(_health.Cluster().Conditions);
        // It has started again, and counts from the beginning.
        _health.Received(Two, Bytes(boot: 9, number: 1, new Condition(HealthCode.DiskHung, Two, 9)), MonotonicMs);
        Assert.Single(_health.Cluster().Conditions);
    }

    [Fact]
    public void Counts_of_leaders_add_up_and_others_are_laid_over_each_other()
    {
        Hear(Two, new Condition(HealthCode.NoMargin, MemberId.None, 9) { Groups = 89, Examples = [1, 2, 3, 4, 5] },
            new Condition(HealthCode.NoLeader, MemberId.None, 5) { Groups = 4, Examples = [9] }, new Condition(HealthCode.MemberSilent, Three, 4));
        Hear(Three, new Condition(HealthCode.NoMargin, MemberId.None, 8) { Groups = 11, Examples = [0, 3] },
            new Condition(HealthCode.NoLeader, MemberId.None, 6) { Groups = 3, Examples = [7] }, new Condition(HealthCode.MemberSilent, Two, 4));
        var all = _health.Cluster().Conditions;
        Assert.Equal([(HealthCode.MemberSilent, 2u), (HealthCode.MemberSilent, 3u), (HealthCode.NoLeader, 0u), (HealthCode.NoMargin, 0u)], all.Select(c => (c.Condition.Code, c.Condition.Subject.Value)));
        Assert.Equal((4, 5L, "7,9"), (all[2].Condition.Groups, all[2].Condition.SinceMs, string.Join(',', all[2].Condition.Examples)));
        Assert.Equal((100, 8L, "0,1,2,3,4"), (all[3].Condition.Groups, all[3].Condition.SinceMs, string.Join(',', all[3].Condition.Examples)));
        Assert.Equal([Two, Three], all[3].ReportedBy);
        Assert.Equal(Severity.Critical, _health.Cluster().Worst);
    }

    [Fact]
    public void A_node_is_not_ready_for_what_it_says_of_itself_and_what_leaders_say_of_it()
    {
        Hear(Two, new Condition(HealthCode.ReplicaStuck, One, 9) { Groups = 251 }, new Condition(HealthCode.ReplicaBehind, Three, 9) { Groups = 2 });
        Hear(Three, new Condition(HealthCode.MemberRefused, One, 9), new Condition(HealthCode.ReplicaStuck, One, 9) { Groups = 4 });
        Assert.Equal([HealthCode.ReplicaStuck], _health.UnreadyBecause());
        _health.Raise(HealthCode.DiskHung);
        _health.Raise(HealthCode.DiskSlow);
        _health.Raise(HealthCode.MemberRefused, Two);
        Assert.Equal([HealthCode.ReplicaStuck, HealthCode.DiskHung], _health.UnreadyBecause());
        MonotonicMs += NodeHealth.StaleMs + 1;
        Assert.Equal([HealthCode.DiskHung], _health.UnreadyBecause());
    }

    [Fact]
    public void A_distrusted_clock_and_an_unknown_meta_are_said_while_they_last_and_keep_nobody_from_serving()
    {
        _knowsMeta = false;
        _guard.Judge([-60_000, -60_010]);
        _health.Round(MonotonicMs);
        Assert.Equal([HealthCode.Starting, HealthCode.ClockDistrusted], _health.Own.Select(c => c.Code));
        Assert.Equal("+60000 ms", _health.Own[1].Detail);
        Assert.Equal(Severity.Info, _health.Own[0].Severity);
        Assert.Empty(_health.UnreadyBecause());
        _knowsMeta = true;
        _guard.Judge([0, 0]);
        _health.Round(MonotonicMs);
        Assert.Empty(_health.Own);
    }

    [Fact]
    public void A_leaderless_replica_of_a_group_that_somebody_leads_was_left_out_of_it()
    {
        Hear(Two, led: 4);
        var found = new LaneFindings(17);
        found.IsHeld(4);
        found.IsHeld(5);
        found.IsHeld(6);
        found.Leaderless.AddRange([(4, false), (5, false), (6, true)]);
        _health.Found(0, found);
        _health.Round(MonotonicMs);
        MonotonicMs += 2_000;
        Hear(Two, led: 4);
        _health.Round(MonotonicMs);
        Assert.Equal([(HealthCode.NoLeader, "5"), (HealthCode.MajorityLost, "6")], _health.Own.Select(c => (c.Code, string.Join(',', c.Examples))));
        Assert.True(_health.IsLedElsewhere(4));
        Assert.False(_health.IsLedElsewhere(5));
        _health.Found(0, new LaneFindings(17));
        Rounds(3_000);
        Assert.DoesNotContain(_health.Own, c => c.Code is HealthCode.NoLeader or HealthCode.MajorityLost);
    }

    [Fact]
    public void Reports_go_to_whoever_is_linked()
    {
        var sent = new Sent();
        _health.Raise(HealthCode.DiskSlow, detail: "90 ms");
        _health.Tell(n => n == Three, sent, MonotonicMs);
        Assert.False(_health.HasNews);
        Assert.Equal(Three, Assert.Single(sent.To));
        Assert.Equal((5UL, 1UL, "90 ms"), (sent.Last!.Boot, sent.Last.Number, sent.Last.Conditions[0].Detail));
        _health.Tell(_ => true, sent, MonotonicMs);
        Assert.Equal(2UL, sent.Last.Number);
    }

    void INodeWatch.ConditionChanged(Condition condition, bool isRaised) => _changes.Add((condition.Code, condition.Subject, isRaised));

    void INodeWatch.LeaderChanged(uint group, Role role, Term term, MemberId leader) => Assert.Fail("No leader is involved.");

    void INodeWatch.BadFrame(MemberId from, string problem) => Assert.Fail("No frame is involved.");

    void INodeWatch.ClockJudged(bool trusted, double offsetMs)
    {
    }

    private void Rounds(long ms)
    {
        for (var until = MonotonicMs + ms; MonotonicMs < until;)
        {
            MonotonicMs += 500;
            _health.Round(MonotonicMs);
        }
    }

    private void Hear(MemberId from, params Condition[] conditions) => _health.Received(from, Bytes(boot: from.Value, ++_number, conditions), MonotonicMs);

    private void Hear(MemberId from, uint led)
    {
        var bits = new byte[3];
        bits[led / 8] = (byte)(1 << (int)(led % 8));
        _health.Received(from, Bytes(new HealthReport { Boot = from.Value, Number = ++_number, Led = bits, Conditions = [] }), MonotonicMs);
    }

    private static byte[] Bytes(ulong boot, ulong number, params Condition[] conditions) =>
        Bytes(new HealthReport { Boot = boot, Number = number, Led = new byte[3], Conditions = conditions });

    private static byte[] Bytes(HealthReport report)
    {
        var output = new ArrayBufferWriter<byte>();
        report.Write(output);
        return output.WrittenSpan.ToArray();
    }

    private sealed class Sent : ITransport
    {
        public List<MemberId> To { get; } = [];

        public HealthReport? Last { get; private set; }

        public void Send(MemberId to, FrameBuffer frames)
        {
            var written = frames.Written;
            Assert.True(FrameBuffer.TryRead(ref written, out var kind, out _, out var body, out _));
            Assert.Equal(FrameKind.Health, kind);
            To.Add(to);
            Last = HealthReport.Read(body);
            frames.Dispose();
        }
    }
}
