using System.Text;
using TokMesh.Log.Encryption;
using TokMesh.Log.Format;
using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

public class EncryptionTests
{
    [Fact]
    public void No_payload_or_meta_is_readable_in_any_file()
    {
        var secret = Encoding.UTF8.GetBytes("the-token-nobody-may-see");
        var encrypted = WithSecret(secret, isEncrypted: true);
        var plain = WithSecret(secret, isEncrypted: false);

        Assert.DoesNotContain(encrypted.Contents().Values, bytes => bytes.AsSpan().IndexOf(secret) >= 0);
        // The search itself works.
        Assert.Equal(2, plain.Contents().Values.Count(bytes => bytes.AsSpan().IndexOf(secret) >= 0));
    }

    [Fact]
    public void A_wrong_key_is_told_apart_from_damage_and_changes_nothing()
    {
        var disk = WithSecret([1, 2, 3], isEncrypted: true);
        var before = disk.Contents();
        var options = new WriteAheadLogOptions { Key = new byte[32], FillRandom = TestLog.Random() };

        var error = Assert.Throws<LogUnreadableException>(() => TestLog.Recover(disk, options));

        Assert.Contains("cannot be decrypted: wrong key or damaged", error.Message);
        disk.AssertUnchanged(before);
        var store = new SnapshotStore(disk, new SnapshotStoreOptions { Key = new byte[32], FillRandom = TestLog.Random() });
        Assert.Throws<LogUnreadableException>(() => store.Latest(1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_log_is_not_opened_the_other_way_than_it_was_written(bool isEncrypted)
    {
        var disk = WithSecret([1, 2, 3], isEncrypted);

        Assert.Throws<LogUnreadableException>(() => TestLog.Recover(disk, TestLog.Options(isEncrypted: !isEncrypted)));
    }

    [Fact]
    public void Nothing_is_sealed_twice_under_one_nonce()
    {
        // Same seed at every start: even then a new segment has another salt, and a frame another nonce, as the fill goes on.
        var disk = new VirtualDisk();
        var options = TestLog.Options(segmentBytes: 1024);
        for (ulong index = 1; index <= 40; index++)
        {
            using var log = TestLog.Open(disk, options);
            log.CommitEntry(1, index);
        }
        var nonces = new HashSet<string>();
        var frames = 0;
        foreach (var segment in disk.Contents().Values)
            for (var at = SegmentHeader.Bytes; FrameHeader.TryReadFrame(segment.AsSpan(at), out var frame); at += FrameHeader.Bytes + frame.BodyBytes, frames++)
                nonces.Add(Convert.ToHexString(segment, at + FrameHeader.Bytes, BodyCipher.NonceBytes));
        Assert.Equal(frames, nonces.Count);
    }

    [Theory]
    [InlineData((byte)1)]
    [InlineData((byte)2)]
    public void Both_ciphers_open_what_they_sealed_and_nothing_else(byte id)
    {
        using var cipher = BodyCipher.Create((CipherId)id, TestLog.Key, 5, "purpose"u8)!;
        using var otherPurpose = BodyCipher.Create((CipherId)id, TestLog.Key, 5, "other"u8)!;
        using var otherSalt = BodyCipher.Create((CipherId)id, TestLog.Key, 6, "purpose"u8)!;
        var nonce = new byte[BodyCipher.NonceBytes];
        byte[] text = [1, 2, 3, 4];
        var tag = new byte[BodyCipher.TagBytes];
        cipher.Seal(nonce, [9], text, tag);
        byte[] stored = [.. text];

        Assert.False(otherPurpose.TryOpen(nonce, [9], [.. stored], tag));
        Assert.False(otherSalt.TryOpen(nonce, [9], [.. stored], tag));
        Assert.False(cipher.TryOpen(nonce, [8], [.. stored], tag));
        Assert.True(cipher.TryOpen(nonce, [9], text, tag));
        Assert.Equal([1, 2, 3, 4], text);
    }

    [Fact]
    public void A_key_is_made_once_and_survives_a_crash_at_any_step()
    {
        for (long cut = 0; cut <= 6; cut++)
            for (ulong survival = 0; survival < 10; survival++)
            {
                var disk = new VirtualDisk();
                byte[]? made = null;
                disk.CutPowerAt(cut);
                try
                {
                    made = LogKey.LoadOrCreate(disk, TestLog.Random(survival));
                }
                catch (SimulatedPowerCut)
                {
                }
                disk.CutPowerAt(0);
                disk.Crash(survival);
                var found = LogKey.LoadOrCreate(disk, TestLog.Random(99));
                Assert.Equal(found, LogKey.LoadOrCreate(disk, TestLog.Random(100)));
                if (made is not null)
                    Assert.Equal(made, found);
            }
    }

    [Fact]
    public void A_lost_or_cut_key_file_is_an_error_and_never_replaced()
    {
        var disk = WithSecret([1], isEncrypted: true);
        Assert.Contains("log.key", Assert.Throws<LogUnreadableException>(() => LogKey.LoadOrCreate(disk, TestLog.Random())).Message);

        disk = new VirtualDisk();
        LogKey.LoadOrCreate(disk, TestLog.Random());
        disk.Shorten(LogKey.FileName, 31);
        Assert.Contains("32 bytes but holds 31", Assert.Throws<LogUnreadableException>(() => LogKey.LoadOrCreate(disk, TestLog.Random())).Message);
    }

    [Fact]
    public void A_key_is_64_hexadecimal_digits_and_no_error_repeats_it()
    {
        Assert.Equal(TestLog.Key, LogKey.Parse(Convert.ToHexString(TestLog.Key)));

        Assert.Contains("63 characters", Assert.Throws<FormatException>(() => LogKey.Parse(new string('a', 63))).Message);
        var almost = new string('a', 10) + "x" + new string('a', 53);
        var message = Assert.Throws<FormatException>(() => LogKey.Parse(almost)).Message;
        Assert.Contains("character 11", message);
        Assert.DoesNotContain("aaaa", message);
    }

    private static VirtualDisk WithSecret(byte[] secret, bool isEncrypted)
    {
        var disk = new VirtualDisk();
        using var log = TestLog.Open(disk, TestLog.Options(isEncrypted: isEncrypted));
        log.Commit(batch =>
        {
            batch.AppendGroupMeta(1, secret);
            batch.AppendEntry(1, 1, 1, 0, secret);
        });
        TestLog.Snapshots(disk, isEncrypted).Write(1, 1, 1, secret, secret);
        return disk;
    }
}
