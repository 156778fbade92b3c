using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using TokMesh.State;
using TokMesh.State.Entries;
using TokMesh.State.Ids;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.TestKit.Samples;

/// <summary>
/// The sessions whose cost is measured, numbered, and shards filled with them by applying real entries. One file for the tests and
/// for <c>./tokmesh bench --memory</c>, so that the figure asserted here is the figure printed there.
/// </summary>
public static class SampleSessions
{
    public const string DeviceId = "device-000000016";
    public const int Quota = 50;
    private const int OpsPerEntry = 64;
    private const long StartMs = 1_700_000_000_000;

    /// <summary>A data map.</summary>
    public static readonly KeyValuePair<string, string>[] Pairs = [KeyValuePair.Create("roles", new string('r', 90)), KeyValuePair.Create("tenant", new string('t', 94))];

    /// <summary>Its encoded form, 200 bytes.</summary>
    public static readonly byte[] Data = SessionData.Encode(Pairs);

    public static readonly byte[] UserAgent = Encoding.UTF8.GetBytes(new string('m', 60));

    public static readonly ApiKeyId CreatedBy = new(new Ulid(1));

    /// <summary>Two sessions a user.</summary>
    public static string UserId(int number) => $"user-{number / 2:D19}";

    public static byte[] Ip(int number) => BitConverter.GetBytes(number);

    public static long TtlMs(int number) => 7_200_000 + number;

    /// <summary>A shard that holds <paramref name="count"/> sessions from number <paramref name="first"/> on.</summary>
    /// <param name="first">The first one's number.</param>
    /// <param name="count">How many.</param>
    /// <param name="applying">Runs while entries are applied, not while they are made.</param>
    public static ShardState Fill(int first, int count, Stopwatch applying)
    {
        var state = new ShardState();
        var sink = new NoRefusals();
        var entry = new EntryBuilder(OpFormat.IsWellFormed);
        var op = new ArrayBufferWriter<byte>();
        var device = Encoding.UTF8.GetBytes(DeviceId);
        ulong seq = 0;
        var ops = new List<ReadOnlyMemory<byte>>();
        for (var n = 0; n < count; n++)
        {
            var number = first + n;
            op.ResetWrittenCount();
            SessionOps.Create(op, new CreateSession
            {
                Id = new SessionId(Ulid.Of(StartMs + number, new byte[10])),
                Token = TokenHash.OfToken($"token-{number}"),
                UserId = Encoding.UTF8.GetBytes(UserId(number)),
                DeviceId = device,
                Ip = Ip(number),
                UserAgent = UserAgent,
                CreatedBy = CreatedBy,
                TtlMs = TtlMs(number),
                Data = Data,
                QuotaLimit = Quota,
            });
            ops.Add(op.WrittenSpan.ToArray());
            if (ops.Count < OpsPerEntry && n + 1 < count)
                continue;
            entry.Start(StartMs + number);
            entry.Append(1, seq + 1, seq + 1, CollectionsMarshal.AsSpan(ops));
            seq += (ulong)ops.Count;
            applying.Start();
            state.Apply(state.AppliedIndex + 1, entry.Written.Span, sink);
            applying.Stop();
            ops.Clear();
        }
        return state.SessionCount == count ? state : throw new InvalidOperationException($"Of {count} sessions {state.SessionCount} are there.");
    }
}

/// <summary>For operations that must all succeed.</summary>
public sealed class NoRefusals : IApplySink
{
    public void Applied(ulong origin, ulong seq, ReadOnlySpan<byte> reply)
    {
        if (reply[0] == (byte)ReplyTag.Error)
            throw new InvalidOperationException("refused");
    }
}
