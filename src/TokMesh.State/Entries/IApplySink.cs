namespace TokMesh.State.Entries;

/// <summary>Hears what became of each operation of an entry, in order.</summary>
public interface IApplySink
{
    /// <summary>One operation was applied, or answered from memory. The reply is valid during the call only.</summary>
    void Applied(ulong origin, ulong seq, ReadOnlySpan<byte> reply);
}
