using TokMesh.State.Names;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

/// <summary>
/// Coordinators for one dictated token, interleaved at random, crashing between any two steps, their messages repeated late;
/// then repair. At every moment at most one session has the token; in the end the pointer is where the session is, or gone.
/// </summary>
public class NameProtocolTests
{
    private const int Shards = 4;
    private const string TheToken = "dictated";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void However_steps_interleave_and_crash_a_token_has_one_session_and_no_pointer_leaks(int seed)
    {
        for (var run = 0; run < 150; run++)
            new World((seed * 1000) + run).Run();
    }

    private sealed class World(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly TestShard[] _shards = [.. Enumerable.Range(0, Shards).Select(_ => new TestShard())];
        private readonly List<Action> _late = [];
        private int _next;

        /// <summary>Shard 0 is the token's own; user n lives in shard n mod 4.</summary>
        private TestShard NameShard => _shards[0];

        public void Run()
        {
            var coordinators = new List<IEnumerator<bool>>();
            for (var turn = 0; turn < 120; turn++)
            {
                if (_random.Next(6) == 0)
                    coordinators.Add(Coordinate(_random.Next(Shards)).GetEnumerator());
                var pick = coordinators.Count == 0 ? -1 : _random.Next(coordinators.Count);
                // A coordinator crashes by never being asked again.
                if (pick >= 0 && (_random.Next(8) == 0 || !coordinators[pick].MoveNext()))
                    coordinators.RemoveAt(pick);
                if (_late.Count > 0 && _random.Next(5) == 0)
                    _late[_random.Next(_late.Count)]();
                if (_random.Next(5) == 0)
                    Background(_random.Next(Shards), _random.Next(3));
                if (_random.Next(12) == 0)
                    RevokeAny();
                if (_random.Next(20) == 0)
                    _shards[_random.Next(Shards)].Restart();
                foreach (var shard in _shards)
                    shard.Now += _random.Next(400);
                AtMostOneOwner();
            }
            Settle();
            var owner = AtMostOneOwner();
            var pointer = NameShard.Read(q => QueryForms.LookupName(q, Name.Of(TestShard.Token(TheToken))));
            if (owner is null || owner == "u0")
                Assert.Equal("nil", pointer);
            else
                Assert.Matches($"^pointer Token r[0-9]+ to {owner} Confirmed", pointer);
            // And whatever went before, the token can be had again once its session is dead.
            RevokeAny();
            foreach (var shard in _shards)
                shard.Now += 10_000;
            using var last = Coordinate(2, reliable: true).GetEnumerator();
            while (last.MoveNext())
            {
            }
            Assert.Equal("u2", AtMostOneOwner());
        }

        private IEnumerable<bool> Coordinate(int user, bool reliable = false)
        {
            var n = ++_next;
            var r = (UInt128)n;
            var home = _shards[user % Shards];
            var foreign = user % Shards != 0;
            var limit = NameShard.Now + 1500;
            UInt128? replaces = null;
            for (var attempt = 0; attempt < 3; attempt++)
            {
                string reply;
                NamePointer? holder;
                if (foreign)
                {
                    var replaced = replaces;
                    reply = Send(NameShard, o => NameOps.Reserve(o, Name.Of(TestShard.Token(TheToken)), r, TestShard.Id(n), TestShard.U($"u{user}"), limit, replaced));
                    yield return true;
                    if (reply == "OK")
                    {
                        // The create arrives once: a copy has its operation id and is answered from memory. It may arrive
                        // late, its coordinator then knows nothing and does nothing.
                        if (!reliable && _random.Next(4) == 0)
                        {
                            DeliverLate(home, Session(n, user, r, limit));
                            yield break;
                        }
                        var created = home.Create(Session(n, user, r, limit));
                        yield return true;
                        if (!created.StartsWith("tmss-", StringComparison.Ordinal))
                            Send(NameShard, o => NameOps.Release(o, Name.Of(TestShard.Token(TheToken)), r));
                        yield break;
                    }
                }
                else
                {
                    reply = Send(home, o => SessionOps.Create(o, Session(n, user, 0, 0)));
                }
                holder = reply.StartsWith("pointer", StringComparison.Ordinal) ? Pointer() : null;
                if (holder is null)
                    yield break;
                yield return true;
                var resolution = Resolve(holder);
                yield return true;
                if (resolution != "Dead")
                    yield break;
                if (foreign)
                    replaces = holder.Reservation;
                else
                    Send(NameShard, o => NameOps.Release(o, holder.Name, holder.Reservation));
                yield return true;
            }
        }

        private static CreateSession Session(int n, int user, UInt128 r, long limit) => new()
        {
            Id = TestShard.Id(n),
            Token = TestShard.Token(TheToken),
            UserId = TestShard.U($"u{user}"),
            TtlMs = 2000 + (n % 5 * 3000),
            TokenForeign = r != 0,
            Reservation = r,
            NotAfterMs = limit,
        };

        /// <summary>Sends now, and keeps the message: it may come again later, even as an operation of its own.</summary>
        private string Send(TestShard shard, Action<System.Buffers.IBufferWriter<byte>> op)
        {
            if (_random.Next(3) == 0)
                _late.Add(() => shard.Do(op));
            return shard.Do(op);
        }

        private void DeliverLate(TestShard home, CreateSession create)
        {
            var delivered = false;
            _late.Add(() =>
            {
                if (!delivered)
                    home.Create(create);
                delivered = true;
            });
        }

        private NamePointer? Pointer()
        {
            var reply = TestShard.Bytes(o => NameShard.State.Query(TestShard.Bytes(q => QueryForms.LookupName(q, Name.Of(TestShard.Token(TheToken)))), 0, o));
            var reader = new ReplyReader(reply);
            return reader.Tag == ReplyTag.NamePointer ? reader.NamePointer() : null;
        }

        private string Resolve(NamePointer pointer)
        {
            var user = int.Parse(System.Text.Encoding.UTF8.GetString(pointer.UserId.Span).AsSpan(1));
            return _shards[user % Shards].Do(o => NameOps.Resolve(o, pointer));
        }

        /// <summary>What a leader does: its outbox, the repair of old reservations, the sweep.</summary>
        private void Background(int shard, int what)
        {
            var at = _shards[shard];
            if (what == 0)
                at.Sweep();
            if (what == 1)
                WorkOutbox(at, strike: _random.Next(3) != 0);
            if (what == 2 && shard == 0)
                Repair();
        }

        private void WorkOutbox(TestShard at, bool strike)
        {
            var reply = TestShard.Bytes(o => at.State.Query(TestShard.Bytes(q => QueryForms.Outbox(q, 100)), 0, o));
            var reader = new ReplyReader(reply);
            for (var count = reader.Outbox(); count > 0; count--)
            {
                var item = reader.NextOutboxItem();
                if (item.Action == OutboxAction.Confirm)
                    Send(NameShard, o => NameOps.Confirm(o, item.Name, item.Reservation));
                else
                    Send(NameShard, o => NameOps.Release(o, item.Name, item.Reservation));
                if (strike)
                    at.Do(o => NameOps.OutboxDone(o, item.Id));
            }
        }

        private void Repair()
        {
            var reply = TestShard.Bytes(o => NameShard.State.Query(TestShard.Bytes(q => QueryForms.UnconfirmedNames(q, 100)), NameShard.Now, o));
            var reader = new ReplyReader(reply);
            for (var count = reader.NamePointerList(); count > 0; count--)
            {
                var pointer = reader.NextPointer();
                var resolution = Resolve(pointer);
                if (resolution == "Live")
                    NameShard.Do(o => NameOps.Confirm(o, pointer.Name, pointer.Reservation));
                if (resolution == "Dead")
                    NameShard.Do(o => NameOps.Release(o, pointer.Name, pointer.Reservation));
            }
        }

        private void Settle()
        {
            // Every limit and tombstone lapses; sessions live 2 to 14 s and would be gone too: renew what lives.
            foreach (var shard in _shards)
            {
                for (var n = 1; n <= _next; n++)
                    shard.Do(o => SessionOps.Renew(o, TestShard.Id(n), 10_000_000));
                shard.Now += Tombstones.MemoryMs + 10_000;
                shard.Sweep();
                shard.Now += Tombstones.MemoryMs + 10_000;
                shard.Sweep();
            }
            var latest = _shards.Max(s => s.Now);
            foreach (var shard in _shards)
                shard.Now = latest;
            for (var i = 0; i < 2; i++)
            {
                foreach (var shard in _shards)
                    WorkOutbox(shard, strike: true);
                Repair();
            }
            Assert.All(_shards, shard => Assert.Equal(0, shard.State.OutboxCount));
            Assert.Equal(0, _shards.Skip(1).Sum(s => s.State.NameCount));
        }

        private void RevokeAny()
        {
            foreach (var shard in _shards)
            {
                for (var n = 1; n <= _next; n++)
                    shard.Do(o => SessionOps.Revoke(o, TestShard.Id(n)));
            }
        }

        /// <summary>The user whose session has the token, null for none; each shard by its own clock, as its log says.</summary>
        private string? AtMostOneOwner()
        {
            var owners = new List<string>();
            for (var i = 0; i < Shards; i++)
            {
                // By the shard's entry time: what the log has not yet expired counts as alive.
                var reply = Show.Reply(TestShard.Bytes(o => _shards[i].State.Query(
                    TestShard.Bytes(q => new SessionSearch { Limit = 10 }.Write(q)), 0, o)));
                if (reply == "[total 0]")
                    continue;
                Assert.StartsWith("[total 1,", reply);
                owners.Add($"u{i}");
            }
            Assert.True(owners.Count <= 1, $"seed {seed}: {string.Join(' ', owners)}");
            return owners.FirstOrDefault();
        }
    }
}
