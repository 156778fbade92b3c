using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using TokMesh.Cluster.Errors;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Health;

/// <summary>
/// What a node tells the others about once a second: what it finds to be wrong, and which groups it leads. As it travels:
/// <c>version:u8 | boot:u64 LE | number:varint | led:bytes | count:varint | (length:varint | condition)*</c>, a condition being
/// <c>code:varint | member:varint | sinceMs:varint | groups:varint | count:varint | group:varint* | detail:bytes</c>. Later versions may
/// append to either; readers take what they know.
/// </summary>
internal sealed class HealthReport
{
    /// <summary>Conditions that one report carries at most; the first ones by code.</summary>
    public const int MaxConditions = 64;

    private const byte Version = 1;

    /// <summary>Drawn at each start of the sender.</summary>
    public required ulong Boot { get; init; }

    /// <summary>Grows with every report of one start.</summary>
    public required ulong Number { get; init; }

    /// <summary>Of every group a bit: whether the sender leads it.</summary>
    public required ReadOnlyMemory<byte> Led { get; init; }

    public required IReadOnlyList<Condition> Conditions { get; init; }

    public void Write(IBufferWriter<byte> output)
    {
        output.GetSpan(9)[0] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(9)[1..], Boot);
        output.Advance(9);
        Varint.Write(output, Number);
        Varint.WriteBytes(output, Led.Span);
        var count = Math.Min(Conditions.Count, MaxConditions);
        Varint.Write(output, (ulong)count);
        var one = new ArrayBufferWriter<byte>();
        for (var i = 0; i < count; i++)
        {
            one.ResetWrittenCount();
            Write(one, Conditions[i]);
            Varint.WriteBytes(output, one.WrittenSpan);
        }
    }

    /// <exception cref="FormatException">The bytes are not a report.</exception>
    public static HealthReport Read(ReadOnlySpan<byte> body)
    {
        if (body.Length < 9 || body[0] == 0) throw new FormatException("A health report ends inside its head.");
        var boot = BinaryPrimitives.ReadUInt64LittleEndian(body[1..]);
        body = body[9..];
        var number = Varint.Read(ref body);
        var led = Varint.ReadBytes(ref body).ToArray();
        var count = Varint.Read(ref body);
        if (count > MaxConditions) throw new FormatException($"A health report announces {count} conditions; at most {MaxConditions} are allowed.");
        var conditions = new Condition[count];
        for (var i = 0; i < conditions.Length; i++) conditions[i] = ReadCondition(Varint.ReadBytes(ref body));
        return new HealthReport { Boot = boot, Number = number, Led = led, Conditions = conditions };
    }

    private static void Write(ArrayBufferWriter<byte> output, Condition condition)
    {
        Varint.Write(output, (ulong)condition.Code);
        Varint.Write(output, condition.Subject.Value);
        Varint.Write(output, (ulong)Math.Max(0, condition.SinceMs));
        Varint.Write(output, (ulong)condition.Groups);
        Varint.Write(output, (ulong)condition.Examples.Count);
        foreach (var group in condition.Examples) Varint.Write(output, group);
        Varint.WriteBytes(output, Encoding.UTF8.GetBytes(condition.Detail));
    }

    private static Condition ReadCondition(ReadOnlySpan<byte> body)
    {
        var code = (HealthCode)Within(Varint.Read(ref body), ushort.MaxValue);
        var subject = new MemberId((uint)Within(Varint.Read(ref body), uint.MaxValue));
        var since = (long)Within(Varint.Read(ref body), long.MaxValue);
        var groups = (int)Within(Varint.Read(ref body), int.MaxValue);
        var examples = new uint[Within(Varint.Read(ref body), Condition.MaxExamples)];
        for (var i = 0; i < examples.Length; i++) examples[i] = (uint)Within(Varint.Read(ref body), uint.MaxValue);
        var detail = Varint.ReadBytes(ref body);
        // Cut by characters when it was written; one of them takes up to three bytes.
        Within((ulong)detail.Length, 3 * Condition.MaxDetailLength);
        return new Condition(code, subject, since) { Groups = groups, Examples = examples, Detail = Encoding.UTF8.GetString(detail) };
    }

    private static ulong Within(ulong value, ulong most) =>
        value <= most ? value : throw new FormatException($"A health report holds {value} where at most {most} is possible.");
}
