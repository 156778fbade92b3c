using System.Text;
using TokMesh.Log.Encryption;
using TokMesh.Log.Format;
using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

/// <summary>What is on disk is a promise to older data. These bytes may gain company; they may not change.</summary>
public class FormatTests
{
    [Fact]
    public void Record_bytes_are_frozen()
    {
        var batch = new LogBatch();
        Assert.Equal("01" + "04030201" + "0800000000000000" + "0900000000000000" + "07" + "02000000" + "AABB",
            Encode(batch, () => batch.AppendEntry(0x01020304, 8, 9, 7, [0xAA, 0xBB])));
        Assert.Equal("02" + "01000000" + "0900000000000000" + "03000000", Encode(batch, () => batch.AppendHardState(1, 9, 3)));
        Assert.Equal("03" + "01000000" + "0800000000000000" + "0900000000000000", Encode(batch, () => batch.AppendMark(1, 8, 9)));
        Assert.Equal("04" + "01000000" + "0800000000000000" + "0900000000000000", Encode(batch, () => batch.AppendReset(1, 8, 9)));
        Assert.Equal("05" + "01000000" + "01000000" + "CC", Encode(batch, () => batch.AppendGroupMeta(1, [0xCC])));
        Assert.Equal("06" + "01000000", Encode(batch, () => batch.AppendGroupRemoved(1)));
        Assert.Equal("07" + "01000000" + "0800000000000000", Encode(batch, () => batch.AppendCommit(1, 8)));
        Assert.Equal("08" + "03000000" + "02000000" + "AABB", Encode(batch, () => batch.AppendNote(3, [0xAA, 0xBB])));
    }

    [Fact]
    public void Numbers_are_frozen()
    {
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], Enum.GetValues<RecordType>().Select(value => (int)value));
        Assert.Equal([1, 2], Enum.GetValues<FrameKind>().Select(value => (int)value));
        Assert.Equal([0, 1, 2], Enum.GetValues<CipherId>().Select(value => (int)value));
        Assert.Equal("wal-00000001.log", SegmentName.Of(1));
        Assert.Equal("snap-1-2-3.tms", new SnapshotName(1, 2, 3).FileName);
        Assert.Equal("log.key", LogKey.FileName);
    }

    [Fact]
    public void Segment_bytes_are_frozen()
    {
        var disk = new VirtualDisk();
        using var log = TestLog.Open(disk, Plain());
        log.CommitEntry(1, 1);

        Assert.Equal(
            // header: magic, version 1, cipher 0, number 1, first sequence 1, salt, zeros, checksum
            "544D57414C534547" + "0100" + "00" + "00" + "01000000" + "0100000000000000" + "000102030405060708090A0B0C0D0E0F" + new string('0', 40) + "F90C69E5" +
            // checkpoint frame: magic, no body, sequence 1, segment id, kind 2
            "544D4652" + "00000000" + "0100000000000000" + "0001020304050607" + "02000000" + "00000000" + "6EC77AAA" +
            // commit frame: magic, body length, sequence 2, segment id, kind 1, checksums, the record
            "544D4652" + "2C000000" + "0200000000000000" + "0001020304050607" + "01000000" + "F2BB9931" + "16131C08" +
            "01" + "01000000" + "0100000000000000" + "0100000000000000" + "01" + "12000000",
            Convert.ToHexString(disk.ReadAll("wal-00000001.log"), 0, (int)log.SizeBytes - TestLog.Payload(1).Length));
        Assert.Equal("payload of entry 1", Encoding.UTF8.GetString(TestLog.Payload(1)));
    }

    [Fact]
    public void Snapshot_bytes_are_frozen()
    {
        var disk = new VirtualDisk();
        var store = new SnapshotStore(disk, new SnapshotStoreOptions { ChunkBytes = 16, FillRandom = Counting });
        var info = store.Write(1, 2, 3, [0xAA], new byte[17]);

        Assert.Equal(
            // header, meta, two chunks, trailer
            "544D534E4150534801000000100000000100000001000000020000000000000003000000000000001100000000000000000102030405060708090A0B0C0D0E0F0000000004351186" +
            "AA6552FDCC" +
            "00000000000000000000000000000000632E918E" +
            "009A15C5E8" +
            "544D534E415045440300000000000000860000000000000000000000C9DD5676",
            Convert.ToHexString(disk.ReadAll(info.File)));
    }

    [Fact]
    public void A_newer_format_is_refused_by_name_and_not_called_damage()
    {
        var disk = new VirtualDisk();
        TestLog.Open(disk, Plain()).Dispose();
        var header = disk.ReadAll("wal-00000001.log")[..SegmentHeader.Bytes];
        header[8] = 2;
        BitConverter.TryWriteBytes(header.AsSpan(60), Crc32C.Compute(header.AsSpan(0, 60)));
        disk.Damage("wal-00000001.log", 0, header);

        Assert.Contains("format version 2", Assert.Throws<LogUnreadableException>(() => TestLog.Recover(disk, Plain())).Message);
    }

    [Fact]
    public void The_checksum_is_the_published_one()
    {
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(Crc32C.Compute("123456789"u8), Crc32C.Compute("6789"u8, Crc32C.Compute("12345"u8)));
    }

    [Theory]
    [InlineData("wal-1.log")]
    [InlineData("wal-00000000.log")]
    [InlineData("wal-000000001.log")]
    [InlineData("wal-00000001.log.tmp")]
    [InlineData("snap-1-2.tms")]
    [InlineData("snap-01-2-3.tms")]
    [InlineData("snap-1-2-3.tms.tmp")]
    [InlineData("lock")]
    public void Other_names_are_not_ours(string name) =>
        Assert.False(SegmentName.TryParse(name, out _) || SnapshotName.TryParse(name, out _));

    private static WriteAheadLogOptions Plain() => new() { FillRandom = Counting, SegmentBytes = 4096 };

    private static void Counting(Span<byte> span)
    {
        for (var i = 0; i < span.Length; i++)
            span[i] = (byte)i;
    }

    private static string Encode(LogBatch batch, Action append)
    {
        batch.Reset();
        append();
        return Convert.ToHexString(batch.Records);
    }
}
