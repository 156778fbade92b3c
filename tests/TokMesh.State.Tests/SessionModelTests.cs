using TokMesh.State.Queries;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

/// <summary>Random operations on sessions against plain lists.</summary>
public class SessionModelTests
{
    private sealed class Model
    {
        public required int Id { get; init; }

        public required string User { get; init; }

        public required string Token { get; init; }

        public long Expires { get; set; }

        public int Version { get; set; } = 1;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Sessions_behave_as_a_list_with_expiry(int seed)
    {
        var random = new Random(seed);
        var shard = new TestShard();
        var live = new List<Model>();
        var deaths = new Dictionary<string, (bool Expired, long At)>();
        for (var i = 0; i < 20_000; i++)
        {
            shard.Now += random.Next(20);
            var now = shard.Now;
            foreach (var dead in live.Where(m => m.Expires <= now).ToArray())
                Kill(dead, expired: true);
            var id = random.Next(40);
            string user = $"u{random.Next(4)}", token = $"t{random.Next(40)}";
            var old = live.Find(m => m.Id == id);
            long ttl = random.Next(1, 3000);
            switch (random.Next(6))
            {
                case 0 or 1:
                    var expected = old is not null ? "SessionIdConflict" : live.Exists(m => m.Token == token) ? "TokenConflict"
                        : live.Count(m => m.User == user) >= 6 ? "SessionQuotaExceeded" : "tmss-";
                    Assert.StartsWith(expected, shard.Create(TestShard.Session(id, user, ttl, token, quota: 6)));
                    if (expected == "tmss-")
                        live.Add(new Model { Id = id, User = user, Token = token, Expires = now + ttl });
                    break;
                case 2:
                    var renewed = shard.Do(o => SessionOps.Renew(o, TestShard.Id(id), ttl));
                    if (old is null)
                    {
                        Assert.StartsWith("Session", renewed);
                        break;
                    }
                    old.Expires = now + ttl;
                    old.Version++;
                    Assert.Equal($"{old.Expires}", renewed);
                    break;
                case 3:
                    Assert.Equal(old is null ? "0" : "1", shard.Do(o => SessionOps.Revoke(o, TestShard.Id(id))));
                    if (old is not null)
                        Kill(old, expired: false);
                    break;
                case 4 when random.Next(10) == 0:
                    Model[] his = [.. live.Where(m => m.User == user)];
                    Assert.Equal($"{his.Length}", shard.Do(o => SessionOps.RevokeUser(o, TestShard.U(user))));
                    Array.ForEach(his, m => Kill(m, expired: false));
                    break;
                default:
                    shard.Sweep(random.Next(1, 4));
                    break;
            }
            if (random.Next(200) == 0)
                shard.Restart();
            var present = live.Find(m => m.Id == id);
            if (present is not null)
                Assert.Contains($"user={present.User} exp={present.Expires} ", shard.GetSession(id));
            else
                Assert.StartsWith("Session", shard.GetSession(id));
            var validated = shard.Validate(token);
            if (live.Find(m => m.Token == token) is { } owner)
                Assert.StartsWith(TestShard.Id(owner.Id).ToString(), validated);
            else if (deaths.TryGetValue(token, out var death) && now < death.At + 60_000)
                Assert.StartsWith(death.Expired ? "TokenExpired" : "TokenRevoked", validated);
            else
                Assert.StartsWith("Token", validated);
            Assert.Equal($"{live.Count}", shard.Read(q => QueryForms.Count(q, keys: false, sessions: true)));
            Assert.StartsWith($"[total {live.Count(m => m.User == user)}", shard.Read(q => new SessionSearch { UserId = TestShard.U(user) }.Write(q)));

            void Kill(Model model, bool expired)
            {
                live.Remove(model);
                deaths[model.Token] = (expired, now);
            }
        }
    }
}
