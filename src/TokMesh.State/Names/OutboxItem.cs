using System.Buffers;
using TokMesh.State.Wire;

namespace TokMesh.State.Names;

/// <summary>What to do in a name's shard.</summary>
public enum OutboxAction : byte
{
    /// <summary><see cref="NameOps.Confirm"/></summary>
    Confirm = 1,

    /// <summary><see cref="NameOps.Release"/></summary>
    Release = 2,
}

/// <summary>
/// Work a shard's leader does in a name's shard and then strikes off with <see cref="NameOps.OutboxDone"/>.
/// </summary>
/// <param name="Id">Unique in the shard, growing.</param>
/// <param name="Action">What to do.</param>
/// <param name="Name">The name.</param>
/// <param name="Reservation">The reservation it is about.</param>
public readonly record struct OutboxItem(ulong Id, OutboxAction Action, Name Name, UInt128 Reservation)
{
    internal void Write(IBufferWriter<byte> output)
    {
        output.WriteVarint(Id);
        output.WriteByte((byte)Action);
        Name.Write(output);
        output.WriteUInt128(Reservation);
    }

    internal static OutboxItem Read(ref WireReader reader)
    {
        var item = new OutboxItem(reader.Varint(), (OutboxAction)reader.Byte(), Name.Read(ref reader), reader.UInt128());
        if (item.Action is not (OutboxAction.Confirm or OutboxAction.Release)) reader.Fail();
        return item;
    }
}
