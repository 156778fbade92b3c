using System.Globalization;
using TokMesh.State.Keys;
using TokMesh.State.Queries;

namespace TokMesh.State.Tests;

/// <summary>Random operations on keys against a plain dictionary that does what Redis does.</summary>
public class KeyModelTests
{
    private sealed record Entry(string Value, long Expires);

    private readonly TestShard _shard = new();
    private readonly Dictionary<string, Entry> _model = [];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Keys_behave_as_a_dictionary_with_expiry(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 30_000; i++)
        {
            _shard.Now += random.Next(3);
            foreach (var dead in _model.Where(p => p.Value.Expires != 0 && p.Value.Expires <= _shard.Now).Select(p => p.Key).ToArray())
                _model.Remove(dead);
            var key = $"k{random.Next(30)}";
            var bytes = TestShard.U(key);
            var old = _model.GetValueOrDefault(key);
            long now = _shard.Now, ms = random.Next(1, 40);
            var value = random.Next(1, 200).ToString(CultureInfo.InvariantCulture);
            switch (random.Next(9))
            {
                case 0:
                    Assert.Equal("OK", _shard.Set(key, value));
                    _model[key] = new Entry(value, 0);
                    break;
                case 1:
                    Assert.Equal(old is null ? "nil" : $"'{old.Value}'", _shard.Set(key, value, SetFlags.GetOld, ExpiryMode.Relative, ms));
                    _model[key] = new Entry(value, now + ms);
                    break;
                case 2:
                    Assert.Equal(old is null ? "OK" : "nil", _shard.Set(key, value, SetFlags.IfAbsent, ExpiryMode.KeepOrPersist));
                    _model.TryAdd(key, new Entry(value, 0));
                    break;
                case 3:
                    var sum = long.Parse(old?.Value ?? "0", CultureInfo.InvariantCulture) + ms;
                    Assert.Equal($"{sum}", _shard.Do(o => KeyOps.IncrBy(o, bytes, ms)));
                    _model[key] = new Entry($"{sum}", old?.Expires ?? 0);
                    break;
                case 4:
                    Assert.Equal(old is null ? "0" : "1", _shard.Do(o => KeyOps.Expire(o, bytes, ms)));
                    if (old is not null)
                        _model[key] = old with { Expires = now + ms };
                    break;
                case 5:
                    Assert.Equal(old is { Expires: not 0 } ? "1" : "0", _shard.Do(o => KeyOps.Persist(o, bytes)));
                    if (old is not null)
                        _model[key] = old with { Expires = 0 };
                    break;
                case 6:
                    Assert.Equal(old is null ? "nil" : $"'{old.Value}'", _shard.Do(o => KeyOps.GetDel(o, bytes)));
                    _model.Remove(key);
                    break;
                case 7:
                    var held = _shard.State.KeyCount;
                    Assert.Equal($"{Math.Min(3, held - _model.Count)}", _shard.Sweep(3));
                    break;
                default:
                    if (old is { Value.Length: > 12 })
                        break;
                    Assert.Equal($"{(old?.Value.Length ?? 0) + 1}", _shard.Do(o => KeyOps.Append(o, bytes, "1"u8)));
                    _model[key] = new Entry(old?.Value + "1", old?.Expires ?? 0);
                    break;
            }
            var present = _model.GetValueOrDefault(key);
            if (present is { Expires: not 0 } && present.Expires <= now)
                _model.Remove(key);
            else
                Assert.Equal(present is null ? "nil" : $"'{present.Value}'", _shard.Get(key));
            Assert.Equal($"{_model.Count}", _shard.Read(q => QueryForms.Count(q, keys: true, sessions: false)));
        }
    }
}
