using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Disks;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Health;

/// <summary>
/// What is wrong with a node and, as far as it hears, with the cluster. Lanes look at their groups once a second, what finds something
/// else says so with <see cref="Raise"/>, and nodes tell each other. Any thread may ask and tell.
/// </summary>
public sealed class NodeHealth
{
    /// <summary>A report older than this says nothing any more, and its sender is not heard any more. Milliseconds.</summary>
    public const int StaleMs = 4_000;

    /// <summary>How long after its own start a node waits for others before it says that they do not answer. Milliseconds.</summary>
    public const int GraceMs = 10_000;

    /// <summary>How long nobody may know a leader of a group that this node has no replica of. Milliseconds.</summary>
    private const int UnledMs = 3_000;

    /// <summary>A disk whose writes usually take so long is slow. Milliseconds.</summary>
    private const int SlowMs = 100;

    private readonly Lock _lock = new();
    private readonly MemberId _self;
    private readonly int _groupCount;
    private readonly Func<IEnumerable<uint>> _others;
    private readonly Func<bool> _knowsMeta;
    private readonly ClockGuard _clock;
    private readonly DiskWatch _disk;
    private readonly IClock _time;
    private readonly ulong _boot;
    private readonly INodeWatch _watch;
    private readonly long _startedMs;
    private readonly ConditionBook _book = new();
    private readonly SortedDictionary<int, LaneFindings> _lanes = [];
    private readonly Dictionary<(HealthCode Code, uint Subject), Raised> _raised = [];
    private readonly SortedDictionary<uint, (HealthReport Report, long AtMs)> _reports = [];
    private readonly Dictionary<uint, long> _unledSince = [];
    private volatile IReadOnlyList<Condition> _own = [];
    private volatile bool _hasNews;
    private ulong _number;

    internal NodeHealth(MemberId self, int groupCount, Func<IEnumerable<uint>> others, Func<bool> knowsMeta, ClockGuard clock, DiskWatch disk, IClock time, ulong boot,
        INodeWatch watch)
    {
        (_self, _groupCount, _others, _knowsMeta, _clock, _disk, _time, _boot, _watch) = (self, groupCount, others, knowsMeta, clock, disk, time, boot, watch);
        _startedMs = time.MonotonicMs;
    }

    /// <summary>What this node says is wrong, by code.</summary>
    public IReadOnlyList<Condition> Own => _own;

    /// <summary>Whether there is something the others have not been told.</summary>
    internal bool HasNews => _hasNews;

    /// <summary>
    /// Says that something is wrong, until <see cref="Clear"/>. Saying it again changes nothing but the detail, and adds the group.
    /// </summary>
    /// <param name="code">What.</param>
    /// <param name="subject">About which member; none for this node itself.</param>
    /// <param name="group">In which group, if in one: 0 is meta, shard s is group s + 1.</param>
    /// <param name="detail">More about it, cut to <see cref="Condition.MaxDetailLength"/>: no secrets and no data.</param>
    /// <param name="forMs">How long it holds unless it is said again, in milliseconds; null until it is cleared.</param>
    public void Raise(HealthCode code, MemberId subject = default, uint? group = null, string detail = "", long? forMs = null) => Change(() =>
    {
        var key = KeyOf(code, subject);
        if (!_raised.TryGetValue(key, out var raised)) _raised[key] = raised = new Raised();
        raised.UntilMs = forMs is { } ms ? _time.MonotonicMs + ms : long.MaxValue;
        raised.Detail = detail.Length > Condition.MaxDetailLength ? detail[..Condition.MaxDetailLength] : detail;
        if (group is { } g) raised.Groups.Add(g);
    });

    /// <summary>What was raised is wrong no more.</summary>
    /// <param name="code">What.</param>
    /// <param name="subject">About which member; none for this node itself.</param>
    /// <param name="group">In this group only; null for all.</param>
    public void Clear(HealthCode code, MemberId subject = default, uint? group = null) => Change(() =>
    {
        var key = KeyOf(code, subject);
        if (!_raised.TryGetValue(key, out var raised)) return;
        if (group is null || (raised.Groups.Remove(group.Value) && raised.Groups.Count == 0)) _raised.Remove(key);
    });

    /// <summary>The cluster's health as far as this node has heard.</summary>
    public ClusterHealth Cluster()
    {
        lock (_lock)
        {
            var now = _time.MonotonicMs;
            return new ClusterHealth
            {
                Conditions = ClusterHealth.Combine(Fresh(now).Select(r => (r.Node, r.Report.Conditions)).Append((_self, _own))),
                Reports = [.. _others().Order().Select(n => _reports.TryGetValue(n, out var r)
                    ? new ReportAge(new MemberId(n), now - r.AtMs, now - r.AtMs > StaleMs) : new ReportAge(new MemberId(n), null, true))],
            };
        }
    }

    /// <summary>Why this node should not be sent requests, as it says itself or leaders say of it; empty when it may be.</summary>
    public IReadOnlyList<HealthCode> UnreadyBecause()
    {
        lock (_lock)
        {
            var own = _own.Where(c => c.Subject == _self && HealthCodes.MakesUnready(c.Code));
            var said = Fresh(_time.MonotonicMs).SelectMany(r => r.Report.Conditions).Where(c => c.Subject == _self && HealthCodes.LeadersSayUnready(c.Code));
            return [.. own.Concat(said).Select(c => c.Code).Distinct().Order()];
        }
    }

    /// <summary>Whether another node that is heard says that it leads a group.</summary>
    public bool IsLedElsewhere(uint group)
    {
        lock (_lock) return Fresh(_time.MonotonicMs).Any(r => GroupBits.IsSet(r.Report.Led.Span, group));
    }

    /// <summary>How many groups another node says that it leads, and the number of the report that says so; null when it is not heard.</summary>
    internal (int Groups, ulong Report)? LedBy(MemberId node)
    {
        lock (_lock)
        {
            return _reports.TryGetValue(node.Value, out var last) && _time.MonotonicMs - last.AtMs <= StaleMs
                ? (GroupBits.Count(last.Report.Led.Span), last.Report.Number) : null;
        }
    }

    /// <summary>What a lane found.</summary>
    internal void Found(int lane, LaneFindings findings)
    {
        lock (_lock) _lanes[lane] = findings;
    }

    /// <summary>Looks at everything again.</summary>
    internal void Round(long nowMs) => Change(static () => { }, nowMs);

    /// <summary>Tells every member that is linked what this node finds.</summary>
    internal void Tell(Func<MemberId, bool> isLinked, ITransport transport, long nowMs)
    {
        HealthReport report;
        uint[] others;
        lock (_lock)
        {
            _hasNews = false;
            report = new HealthReport { Boot = _boot, Number = ++_number, Led = LedHere(), Conditions = _own };
            others = [.. _others()];
        }
        foreach (var other in others)
        {
            if (!isLinked(new MemberId(other))) continue;
            var frames = FrameBuffer.Rent();
            frames.Begin(FrameKind.Health, 0);
            report.Write(frames);
            frames.End();
            transport.Send(new MemberId(other), frames);
        }
    }

    /// <summary>Another node's report.</summary>
    /// <exception cref="FormatException">It cannot be read.</exception>
    internal void Received(MemberId from, ReadOnlySpan<byte> body, long nowMs)
    {
        var report = HealthReport.Read(body);
        lock (_lock)
        {
            if (!_others().Contains(from.Value)) return;
            // One that was overtaken on the way.
            if (_reports.TryGetValue(from.Value, out var last) && last.Report.Boot == report.Boot && last.Report.Number >= report.Number) return;
            _reports[from.Value] = (report, nowMs);
        }
    }

    private IEnumerable<(MemberId Node, HealthReport Report)> Fresh(long nowMs) =>
        _reports.Where(r => nowMs - r.Value.AtMs <= StaleMs).Select(r => (new MemberId(r.Key), r.Value.Report));

    private (HealthCode, uint) KeyOf(HealthCode code, MemberId subject) =>
        (code, HealthCodes.IsAboutGroups(code) ? 0 : subject.IsNone ? _self.Value : subject.Value);

    private void Change(Action change) => Change(change, _time.MonotonicMs);

    private void Change(Action change, long nowMs)
    {
        var changes = new List<(Condition Condition, bool IsRaised)>();
        lock (_lock)
        {
            change();
            _book.Round(Seen(nowMs), nowMs, _time.WallMs, (condition, isRaised) => changes.Add((condition, isRaised)));
            _own = _book.Raised;
            _hasNews = true;
        }
        foreach (var (condition, isRaised) in changes) _watch.ConditionChanged(condition, isRaised);
    }

    private SortedDictionary<(HealthCode, uint), Finding> Seen(long nowMs)
    {
        var seen = new SortedDictionary<(HealthCode, uint), Finding>();
        foreach (var (key, finding) in _lanes.Values.SelectMany(l => l.Seen)) Of(key).Add(finding);
        foreach (var (key, raised) in _raised)
        {
            if (nowMs >= raised.UntilMs)
            {
                _raised.Remove(key);
                continue;
            }
            var finding = Of(key);
            finding.Detail = raised.Detail;
            foreach (var group in raised.Groups) finding.Add(group);
        }
        if (_clock.IsDistrusted) Of(KeyOf(HealthCode.ClockDistrusted, default)).Detail = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{-_clock.OffsetMs:+0;-0} ms");
        if (_disk.State == DiskState.Hangs) Of(KeyOf(HealthCode.DiskHung, default)).Detail = $"nothing has come back for {_disk.WaitingMs} ms";
        else if (_disk.State == DiskState.Recovers) Of(KeyOf(HealthCode.DiskSlow, default)).Detail = $"it hung for {_disk.HungMs} ms, and must answer for a while before the node leads again";
        else if (_disk.UsualMs(nowMs) is >= SlowMs and var usual) Of(KeyOf(HealthCode.DiskSlow, default)).Detail = $"writes take up to {usual} ms";
        if (!_knowsMeta()) Of(KeyOf(HealthCode.Starting, default));
        var others = _others().ToArray();
        foreach (var gone in _reports.Keys.Except(others).ToArray()) _reports.Remove(gone);
        foreach (var other in others)
        {
            var silentMs = _reports.TryGetValue(other, out var last) ? nowMs - last.AtMs : nowMs - _startedMs - GraceMs + StaleMs;
            if (silentMs > StaleMs) Of((HealthCode.MemberSilent, other));
        }
        var led = LedSomewhere(nowMs);
        // A replica may follow nobody since it was left out of its group and could not hear of it; then the leader's own node speaks for it.
        foreach (var (group, majorityIsLost) in _lanes.Values.SelectMany(l => l.Leaderless))
            if (!GroupBits.IsSet(led, group)) Of((majorityIsLost ? HealthCode.MajorityLost : HealthCode.NoLeader, 0)).Add(group);
        LookForUnled(led, nowMs, group => Of((HealthCode.NoLeader, 0)).Add(group));
        return seen;

        Finding Of((HealthCode, uint) key)
        {
            if (!seen.TryGetValue(key, out var finding)) seen[key] = finding = new Finding();
            return finding;
        }
    }

    /// <summary>Groups that this node has no replica of and that no node leads as far as it hears: all who had one may be gone.</summary>
    private void LookForUnled(byte[] led, long nowMs, Action<uint> see)
    {
        // Before every lane has looked it is not known which groups are this node's own.
        if (nowMs - _startedMs < GraceMs || _lanes.Count == 0) return;
        var held = new byte[led.Length];
        foreach (var lane in _lanes.Values) GroupBits.Join(held, lane.Held);
        for (uint group = 0; group < _groupCount; group++)
        {
            if (GroupBits.IsSet(led, group) || GroupBits.IsSet(held, group)) _unledSince.Remove(group);
            else if (!_unledSince.TryAdd(group, nowMs) && nowMs - _unledSince[group] >= UnledMs) see(group);
        }
    }

    private byte[] LedSomewhere(long nowMs)
    {
        var led = LedHere();
        foreach (var (_, report) in Fresh(nowMs)) GroupBits.Join(led, report.Led.Span);
        return led;
    }

    private byte[] LedHere()
    {
        var led = GroupBits.For(_groupCount);
        foreach (var lane in _lanes.Values) GroupBits.Join(led, lane.Led);
        return led;
    }

    private sealed class Raised
    {
        public string Detail { get; set; } = "";

        public long UntilMs { get; set; } = long.MaxValue;

        public SortedSet<uint> Groups { get; } = [];
    }
}
