using System.Buffers;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Tests.Health;

public sealed class HealthReportTests
{
    [Fact]
    public void A_report_is_read_as_it_was_written()
    {
        var report = Report(new Condition(HealthCode.ReplicaStuck, new MemberId(70_000), 1_800_000_000_123) { Groups = 251, Examples = [0, 1, 300], Detail = "größer" },
            new Condition(HealthCode.NoMargin, MemberId.None, 7) { Groups = 1 });
        var read = HealthReport.Read(Bytes(report));
        Assert.Equal((report.Boot, report.Number), (read.Boot, read.Number));
        Assert.Equal(report.Led.ToArray(), read.Led.ToArray());
        Assert.Equal(2, read.Conditions.Count);
        var stuck = read.Conditions[0];
        Assert.Equal((HealthCode.ReplicaStuck, 70_000u, 1_800_000_000_123, 251, "größer"), (stuck.Code, stuck.Subject.Value, stuck.SinceMs, stuck.Groups, stuck.Detail));
        Assert.Equal([0u, 1u, 300u], stuck.Examples);
        Assert.True(read.Conditions[1].Subject.IsNone);
    }

    /// <summary>Nodes of different versions read each other's.</summary>
    [Fact]
    public void The_bytes_of_a_report_stay_what_they_are()
    {
        var report = Report(new Condition(HealthCode.DiskHung, new MemberId(2), 5) { Groups = 3, Examples = [4], Detail = "x" });
        Assert.Equal("01" + "0807060504030201" + "09" + "02" + "0580" + "01" + "09" + "A11F" + "02" + "05" + "03" + "01" + "04" + "01" + "78", Convert.ToHexString(Bytes(report)));
    }

    [Fact]
    public void What_a_later_version_appends_is_passed_over()
    {
        var bytes = Bytes(Report(new Condition(HealthCode.NoMargin, MemberId.None, 7)));
        bytes[0] = 2;
        Assert.Single(HealthReport.Read([.. bytes, 1, 2, 3]).Conditions);
        var unknown = HealthReport.Read(Bytes(Report(new Condition((HealthCode)9_999, new MemberId(1), 7))));
        Assert.Equal(Severity.Warning, unknown.Conditions[0].Severity);
        Assert.Equal("TM-HLTH-9999", unknown.Conditions[0].Code.ToText());
        Assert.Contains("does not know", unknown.Conditions[0].Describe(static _ => "a"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_has_a_largest_size_and_carries_the_first_conditions()
    {
        var many = Enumerable.Range(1, 500).Select(n => new Condition(HealthCode.MemberSilent, new MemberId((uint)n), long.MaxValue)
        {
            Groups = int.MaxValue,
            Examples = [uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue],
            Detail = new string('ß', Condition.MaxDetailLength),
        }).ToArray();
        var bytes = Bytes(Report(many));
        Assert.InRange(bytes.Length, 1, 64 << 10);
        Assert.Equal(HealthReport.MaxConditions, HealthReport.Read(bytes).Conditions.Count);
    }

    [Fact]
    public void What_is_no_report_is_refused_wherever_it_ends()
    {
        var bytes = Bytes(Report(new Condition(HealthCode.DiskHung, new MemberId(2), 5) { Groups = 3, Examples = [4], Detail = "x" }));
        for (var length = 0; length < bytes.Length; length++) Assert.Throws<FormatException>(() => HealthReport.Read(bytes.AsSpan(0, length)));
        // More conditions than are allowed, a code and a number of examples that do not fit.
        Assert.Throws<FormatException>(() => HealthReport.Read([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 65]));
        Assert.Throws<FormatException>(() => HealthReport.Read([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 8, 0x80, 0x80, 0x04, 0, 0, 0, 0, 0]));
        Assert.Throws<FormatException>(() => HealthReport.Read([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 12, 1, 0, 0, 0, 6, 1, 1, 1, 1, 1, 1, 0]));
    }

    [Fact]
    public void Codes_stay_what_they_are()
    {
        Assert.Equal("MemberSilent=1001 FollowerUnreachable=1002 MemberRefused=1003 Starting=1004 NoLeader=2001 MajorityLost=2002 NoMargin=2003 ReplicaBehind=2004 "
            + "ReplicaStuck=2005 AcknowledgedLost=2006 LeaderObjected=2007 ClockDistrusted=3001 DiskHung=4001 DiskSlow=4002",
            string.Join(' ', HealthCodes.All.Select(c => $"{c}={(ushort)c}")));
        Assert.Equal(10, (byte)FrameKind.Health);
    }

    [Fact]
    public void Every_code_says_what_is_wrong_and_what_to_do()
    {
        foreach (var code in HealthCodes.All)
        {
            var text = new Condition(code, HealthCodes.IsAboutGroups(code) ? MemberId.None : new MemberId(2), 0) { Groups = 3, Examples = [0, 8] }.Describe(static n => $"node-{n.Value}");
            Assert.Matches(@"^.{10,}: .{10,}\.$", text);
            Assert.DoesNotContain("does not know", text, StringComparison.Ordinal);
            Assert.Equal(!HealthCodes.IsAboutGroups(code), text.Contains("node-2", StringComparison.Ordinal));
        }
        Assert.Equal("One more failure loses the majority of 3 groups (meta, shard 7, …): bring back the node that is away or behind before another is stopped.",
            new Condition(HealthCode.NoMargin, MemberId.None, 0) { Groups = 3, Examples = [0, 8] }.Describe(static _ => ""));
    }

    private static HealthReport Report(params Condition[] conditions) =>
        new() { Boot = 0x0102030405060708, Number = 9, Led = new byte[] { 5, 0x80 }, Conditions = conditions };

    private static byte[] Bytes(HealthReport report)
    {
        var output = new ArrayBufferWriter<byte>();
        report.Write(output);
        return output.WrittenSpan.ToArray();
    }
}
