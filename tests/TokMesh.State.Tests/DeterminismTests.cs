using System.Buffers;
using System.Text;
using TokMesh.State.Entries;
using TokMesh.State.Ids;
using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Queries;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

/// <summary>One random log, three replicas, each restarted from a snapshot at its own moments: equal digests throughout.</summary>
public class DeterminismTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Replicas_that_restart_at_different_moments_agree_at_every_index(int seed)
    {
        var random = new Random(seed);
        TestShard[] replicas = [new(), new(), new()];
        var log = new RandomLog(random);
        for (var i = 0; i < 4000; i++)
        {
            var entry = log.Next();
            var replies = replicas[0].Apply(entry);
            for (var r = 1; r < replicas.Length; r++)
                Assert.Equal(replies, replicas[r].Apply(entry));
            // Replica 0 is never restarted; touching and reading replica 1 must not show.
            if (random.Next(40) == 0)
                replicas[1].Restart();
            if (random.Next(150) == 0)
                replicas[2].Restart();
            replicas[1].Now = replicas[1].State.EntryTime;
            replicas[1].Lead(q => QueryForms.Touch(q, TestShard.Id(random.Next(60))));
            replicas[1].State.HasExpired(replicas[1].Now + random.Next(5000));
            if (i % 10 == 0)
            {
                var digest = replicas[0].State.Digest();
                Assert.Equal(digest, replicas[1].State.Digest());
                Assert.Equal(digest, replicas[2].State.Digest());
            }
        }
        Assert.NotEqual(0, replicas[0].State.TombstoneCount);
        Assert.NotEqual(0, replicas[0].State.KeyCount);
    }

    private sealed class RandomLog(Random random)
    {
        private readonly ulong[] _seq = new ulong[4];
        private readonly EntryBuilder _entry = new(OpFormat.IsWellFormed);
        private long _now = 1_000_000;

        public byte[] Next()
        {
            // Clocks of leaders differ: the stamp may go back a little. Now and then ten minutes pass.
            _now += random.Next(300) == 0 ? 400_000 : random.Next(500);
            _entry.Start(_now - random.Next(300));
            for (var sections = random.Next(1, 3); sections > 0; sections--)
            {
                var origin = random.Next(_seq.Length);
                var count = random.Next(1, 4);
                // One in eight is a retry of older numbers.
                var first = random.Next(8) == 0 ? Math.Max(1, _seq[origin] - (ulong)Math.Min(5, (long)_seq[origin])) : _seq[origin] + 1;
                _seq[origin] = Math.Max(_seq[origin], first + (ulong)count - 1);
                var ops = new ReadOnlyMemory<byte>[count];
                for (var i = 0; i < count; i++)
                    ops[i] = TestShard.Bytes(Op);
                _entry.Append((ulong)origin, _seq[origin] - (ulong)Math.Min(10, (long)_seq[origin]), first, ops);
            }
            return random.Next(30) == 0 ? [] : _entry.Written.ToArray();
        }

        private byte[] Key() => TestShard.U($"k{random.Next(40)}");

        private SessionId Id() => TestShard.Id(random.Next(60));

        private Name AnyName() => random.Next(2) == 0 ? Name.Of(Id()) : Name.Of(TestShard.Token($"t{random.Next(60)}"));

        private void Op(IBufferWriter<byte> o)
        {
            switch (random.Next(20))
            {
                case 0 or 1 or 2:
                    var foreign = random.Next(3) == 0;
                    SessionOps.Create(o, new CreateSession
                    {
                        Id = Id(),
                        Token = TestShard.Token($"t{random.Next(60)}"),
                        UserId = TestShard.U($"u{random.Next(5)}"),
                        Ip = random.Next(2) == 0 ? new byte[4] : [],
                        TtlMs = random.Next(20_000),
                        QuotaLimit = 12,
                        IdForeign = foreign && random.Next(2) == 0,
                        TokenForeign = foreign,
                        Reservation = (UInt128)random.Next(100),
                        NotAfterMs = foreign ? _now + random.Next(-100, 5000) : 0,
                        Data = SessionData.Encode([KeyValuePair.Create("k", new string('x', random.Next(20)))]),
                    });
                    break;
                case 3:
                    SessionOps.Update(o, new UpdateSession { Id = Id(), DeviceId = TestShard.U($"d{random.Next(3)}"), TtlMs = random.Next(2) == 0 ? null : 500 });
                    break;
                case 4:
                    if (random.Next(2) == 0) SessionOps.Renew(o, Id(), random.Next(30_000));
                    else SessionOps.RenewIf(o, Id(), (ulong)random.Next(1, 4), random.Next(30_000));
                    break;
                case 5:
                    if (random.Next(2) == 0) SessionOps.Revoke(o, Id());
                    else SessionOps.RevokeIf(o, Id(), (ulong)random.Next(1, 4));
                    break;
                case 6:
                    SessionOps.RevokeUser(o, TestShard.U($"u{random.Next(5)}"));
                    break;
                case 7:
                    SessionOps.ExpireSweep(o, random.Next(1, 5));
                    break;
                case 8 or 9:
                    KeyOps.Set(o, Key(), Encoding.UTF8.GetBytes(random.Next(1000).ToString()), (SetFlags)random.Next(16), (ExpiryMode)random.Next(4), random.Next(5000), random.Next(4) == 0 ? (ulong)random.Next(50) : null);
                    break;
                case 10:
                    KeyOps.Append(o, Key(), new byte[random.Next(10)]);
                    break;
                case 11:
                    KeyOps.IncrBy(o, Key(), random.Next(-5, 5));
                    break;
                case 12:
                    KeyOps.Expire(o, Key(), random.Next(-100, 3000), (ExpireFlags)random.Next(16));
                    break;
                case 13:
                    KeyOps.GetDel(o, Key());
                    break;
                case 14:
                    KeyOps.GetEx(o, Key(), (ExpiryMode)random.Next(4), random.Next(1000));
                    break;
                case 15:
                    KeyOps.Persist(o, Key());
                    break;
                case 16:
                    var r = (UInt128)random.Next(20);
                    NameOps.Reserve(o, AnyName(), r, Id(), "u"u8, _now + random.Next(-50, 3000), random.Next(2) == 0 ? null : (UInt128)random.Next(20));
                    break;
                case 17:
                    NameOps.Confirm(o, AnyName(), (UInt128)random.Next(20));
                    break;
                case 18:
                    NameOps.Release(o, AnyName(), (UInt128)random.Next(20));
                    break;
                default:
                    NameOps.OutboxDone(o, (ulong)random.Next(40));
                    break;
            }
        }
    }
}
