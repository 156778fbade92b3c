using System.Buffers;
using TokMesh.Raft.Log;

namespace TokMesh.Raft.Membership;

/// <summary>
/// Who belongs to a group. While <see cref="VotersOutgoing"/> is not empty the group is in a joint
/// configuration and every decision needs a majority of both halves (Raft dissertation, section 4.3).
/// </summary>
public sealed record Configuration
{
    /// <summary>
    /// Begins the binary form of a membership with a <see cref="Generation"/>: no list is as long, so that one of generation 0 is written
    /// as it was before there were generations.
    /// </summary>
    private const ulong HasGeneration = 1 << 20;

    private const ulong MaxListed = 1024;

    /// <summary>A group of nobody.</summary>
    public static readonly Configuration Empty = new();

    /// <summary>Members whose votes and acknowledgements count.</summary>
    public IReadOnlyList<MemberId> Voters { get; init; } = [];

    /// <summary>The voters being left behind while joint; empty otherwise.</summary>
    public IReadOnlyList<MemberId> VotersOutgoing { get; init; } = [];

    /// <summary>Members that receive the log and never vote.</summary>
    public IReadOnlyList<MemberId> Learners { get; init; } = [];

    /// <summary>
    /// Number of the plan that this membership follows. It never goes back: a leader that has not heard of a later plan must not
    /// undo what was done for that.
    /// </summary>
    public ulong Generation { get; init; }

    /// <summary>A plain, non-joint configuration.</summary>
    public static Configuration Of(IEnumerable<MemberId> voters, IEnumerable<MemberId>? learners = null, ulong generation = 0) => new()
    {
        Generation = generation,
        Voters = [.. voters.Order(ById)],
        Learners = [.. (learners ?? []).Order(ById)],
    };

    /// <summary>Whether a majority of two halves is needed.</summary>
    public bool IsJoint => VotersOutgoing.Count > 0;

    /// <summary>Whether the member's vote counts in either half.</summary>
    public bool IsVoter(MemberId id) => Has(Voters, id) || Has(VotersOutgoing, id);

    /// <summary>Whether the member receives the log at all.</summary>
    public bool Contains(MemberId id) => IsVoter(id) || Has(Learners, id);

    /// <summary>Every member once, in ascending order.</summary>
    public IReadOnlyList<MemberId> Members => [.. Voters.Concat(VotersOutgoing).Concat(Learners).Distinct().Order(ById)];

    /// <summary>
    /// Appends the binary form: three lists, each a count and the member numbers, all varints. Before them stand 2^20 and the generation,
    /// unless that is 0.
    /// </summary>
    public void Encode(IBufferWriter<byte> output)
    {
        if (Generation > 0)
        {
            Varint.Write(output, HasGeneration);
            Varint.Write(output, Generation);
        }
        foreach (var list in (ReadOnlySpan<IReadOnlyList<MemberId>>)[Voters, VotersOutgoing, Learners])
        {
            Varint.Write(output, (ulong)list.Count);
            foreach (var id in list) Varint.Write(output, id.Value);
        }
    }

    /// <summary>The binary form.</summary>
    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>();
        Encode(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads the binary form from the start of <paramref name="input"/> and moves past it.</summary>
    /// <exception cref="FormatException">The bytes are not a configuration.</exception>
    public static Configuration Decode(ref ReadOnlySpan<byte> input)
    {
        ulong generation = 0;
        var rest = input;
        if (Varint.Read(ref rest) == HasGeneration)
        {
            generation = Varint.Read(ref rest);
            input = rest;
        }
        return new()
        {
            Generation = generation,
            Voters = DecodeList(ref input),
            VotersOutgoing = DecodeList(ref input),
            Learners = DecodeList(ref input),
        };
    }

    /// <inheritdoc/>
    public bool Equals(Configuration? other) =>
        other is not null && Generation == other.Generation && Voters.SequenceEqual(other.Voters)
        && VotersOutgoing.SequenceEqual(other.VotersOutgoing) && Learners.SequenceEqual(other.Learners);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Generation, Voters.Count, VotersOutgoing.Count, Learners.Count);

    /// <inheritdoc/>
    public override string ToString() =>
        $"voters [{string.Join(' ', Voters)}]" + (IsJoint ? $" outgoing [{string.Join(' ', VotersOutgoing)}]" : "")
        + (Learners.Count > 0 ? $" learners [{string.Join(' ', Learners)}]" : "") + (Generation > 0 ? $" generation {Generation}" : "");

    private static readonly Comparer<MemberId> ById = Comparer<MemberId>.Create((a, b) => a.Value.CompareTo(b.Value));

    private static bool Has(IReadOnlyList<MemberId> list, MemberId id)
    {
        for (var i = 0; i < list.Count; i++)
            if (list[i] == id) return true;
        return false;
    }

    private static List<MemberId> DecodeList(ref ReadOnlySpan<byte> input)
    {
        var count = Varint.Read(ref input);
        if (count > MaxListed) throw new FormatException($"A configuration lists {count} members; at most {MaxListed} are possible.");
        var list = new List<MemberId>((int)count);
        for (var i = 0; i < (int)count; i++) list.Add(new MemberId((uint)Varint.Read(ref input)));
        return list;
    }
}
