using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.TestKit.Disks;

namespace TokMesh.Cluster.Tests;

/// <summary>A directory knows the log that was begun in it, and starts on no other.</summary>
public sealed class LogPlaceTests
{
    private readonly VirtualDisk _directory = new();
    private readonly VirtualDisk _log = new();
    private readonly Random _random = new(5);

    [Fact]
    public void A_new_directory_begins_a_log_and_remembers_it_before_anybody_hears_of_the_node()
    {
        using var node = Start();
        Assert.Equal(1ul, node.Past.Current.Number);
        Assert.Equal(new LogMemory(1, 1), Stored().Log);
    }

    [Fact]
    public void Every_start_has_the_next_number_and_keeps_the_former_ones()
    {
        var starts = new List<NodeStart>();
        for (ulong n = 1; n <= 3; n++)
        {
            using var node = Start();
            starts.Add(node.Past.Current);
            Assert.Equal(starts, node.Past.Starts);
            Assert.Equal(n, Stored().Log!.Start);
        }
        Assert.Equal(3, starts.Select(s => s.Nonce).Distinct().Count());
    }

    [Fact]
    public void A_log_that_is_gone_is_not_begun_again()
    {
        Start().Dispose();
        _log.Replace(new Dictionary<string, byte[]>());
        var refusal = Assert.Throws<LogForgottenException>(Start);
        Assert.Contains("TM-CLST-4095", refusal.Message);
        Assert.Contains("there is none", refusal.Message);
        Assert.Contains("Put back the log directory", refusal.Message);
        Assert.Empty(_log.List());
    }

    [Fact]
    public void An_older_copy_of_the_log_is_refused_and_left_as_it_is()
    {
        Start().Dispose();
        var copy = _log.Copy();
        Start().Dispose();
        _log.Replace(copy);
        Assert.Contains("knows of start 1, and start 2 was written", Assert.Throws<LogForgottenException>(Start).Message);
        Assert.Equal(copy["wal-00000001.log"], _log.ReadAll("wal-00000001.log"));
    }

    [Fact]
    public void A_log_without_its_newest_segment_is_refused()
    {
        Start().Dispose();
        var identity = Stored();
        (identity with { Log = identity.Log! with { Segment = 2 } }).Store(_directory);
        Assert.Contains("newest segment is 1, and segment 2 was begun", Assert.Throws<LogForgottenException>(Start).Message);
    }

    [Fact]
    public void A_crash_between_log_and_directory_is_no_reason_to_refuse()
    {
        Start().Dispose();
        var before = Stored();
        Start().Dispose();
        // The log knows of the second start; the directory had not been told yet.
        before.Store(_directory);
        using var node = Start();
        Assert.Equal(3ul, node.Past.Current.Number);
    }

    [Fact]
    public void A_directory_of_an_older_release_goes_on_with_its_log_and_remembers_it_from_then_on()
    {
        Start().Dispose();
        (Stored() with { Format = 0, Log = null }).Store(_directory);
        using var node = Start();
        Assert.Equal((2, 2ul), (Stored().Format, Stored().Log!.Start));
    }

    [Fact]
    public void A_member_of_a_cluster_without_its_identity_is_not_made_another_one()
    {
        NodeIdentity.StoreBootstrap(_directory, Bootstrap);
        Assert.Contains("node.json is missing", Assert.Throws<InvalidOperationException>(() => NodeIdentity.LoadOrCreate(_directory, "", () => "tmnd-new")).Message);
    }

    [Fact]
    public void A_directory_that_was_refused_says_so_until_the_note_is_deleted()
    {
        RefusalFile.Store(_directory, new HelloRefusal("TM-CLST-4092", "It was behind.", true));
        var refusal = Assert.Throws<InvalidOperationException>(() => RefusalFile.Check(_directory));
        Assert.Contains("TM-CLST-4092: It was behind.", refusal.Message);
        Assert.Contains("delete refused.txt", refusal.Message);
        _directory.Delete(RefusalFile.FileName);
        RefusalFile.Check(_directory);
    }

    private static readonly Bootstrap Bootstrap = new()
    {
        ClusterId = Guid.NewGuid(),
        Nodes = [new Member(1, "tmnd-one", Guid.NewGuid(), "", "", "")],
        ShardCount = 2,
        ReplicationFactor = 1,
        CreatedAtMs = 0,
    };

    private NodeIdentity Stored() => NodeIdentity.LoadOrCreate(_directory, "", () => "tmnd-one");

    private Node Start()
    {
        var identity = Stored();
        return new Node(new MemberId(1), Bootstrap, new NodeOptions { Lanes = 1 }, new LogPlace(_log)
        {
            Memory = identity.Log,
            Remember = memory => (identity = identity with { Format = NodeIdentity.NewestFormat, Log = memory }).Store(_directory),
        }, new SystemClock(), new Nowhere(), _random.NextBytes, new Nowhere());
    }

    private sealed class Nowhere : INodeWatch, ITransport
    {
        public void LeaderChanged(uint group, Role role, Term term, MemberId leader)
        {
        }

        public void BadFrame(MemberId from, string problem) => Assert.Fail(problem);

        public void ClockJudged(bool trusted, double offsetMs)
        {
        }

        public void Send(MemberId to, FrameBuffer frames) => frames.Dispose();
    }
}
