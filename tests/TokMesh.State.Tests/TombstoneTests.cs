using TokMesh.State.Ids;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

public class TombstoneTests
{
    private readonly TestShard _shard = new();

    [Fact]
    public void Beyond_the_bound_the_oldest_is_forgotten_first()
    {
        _shard.Tombstones(3);
        for (var i = 0; i < 5; i++)
        {
            _shard.Create(TestShard.Session(i));
            _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(i)));
        }
        Assert.Equal(3, _shard.State.TombstoneCount);
        Assert.StartsWith("TokenInvalid", _shard.Validate("token-1"));
        for (var i = 2; i < 5; i++)
            Assert.StartsWith("TokenRevoked", _shard.Validate($"token-{i}"));
    }

    [Fact]
    public void A_name_that_died_twice_answers_with_its_last_death()
    {
        _shard.Create(TestShard.Session(1, token: "t"));
        _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(1)));
        _shard.Now += 1000;
        _shard.Create(TestShard.Session(1, token: "t", ttl: 10));
        _shard.Now += 10;
        _shard.Sweep();
        Assert.StartsWith("TokenExpired", _shard.Validate("t"));
        _shard.Now += Tombstones.MemoryMs - 500;
        Assert.Equal("1", _shard.Sweep());
        Assert.StartsWith("TokenExpired", _shard.Validate("t"));
        Assert.StartsWith("SessionExpired", _shard.GetSession(1));
    }

    [Fact]
    public void The_ring_and_its_tables_agree_with_a_list_under_random_deaths()
    {
        var random = new Random(11);
        var tombstones = new Tombstones(200);
        var model = new List<Tombstone>();
        long now = 0;
        for (var i = 0; i < 30_000; i++)
        {
            now++;
            var phase = i / 2000 % 2;
            if (model.Count > 0 && (model.Count == 200 || random.Next(10) < (phase == 0 ? 3 : 7)))
            {
                tombstones.RemoveOldest();
                model.RemoveAt(0);
            }
            else
            {
                var dead = new Tombstone((UInt128)random.Next(100), new TokenHash(0, (UInt128)random.Next(100)), now, random.Next(2) == 0, null);
                tombstones.Add(dead);
                model.Add(dead);
            }
            var probe = (UInt128)random.Next(100);
            Assert.Equal(model.FindLastIndex(t => t.Id == probe), tombstones.FindId(probe));
            Assert.Equal(model.FindLastIndex(t => t.Token.Low == probe), tombstones.FindToken(new TokenHash(0, probe)));
            Assert.Equal(model.Count, tombstones.Count);
        }
    }
}
