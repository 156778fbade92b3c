namespace TokMesh.Linearizability;

/// <summary>What an operation did to a register.</summary>
public enum OperationKind : byte
{
    /// <summary>Set the register to a value.</summary>
    Write,

    /// <summary>Saw a value.</summary>
    Read,

    /// <summary>Added one and saw the sum; the register holds a decimal number, an absent one counts as 0.</summary>
    Increment,

    /// <summary>Set the register to a value and saw what was there before.</summary>
    Swap,

    /// <summary>Set the register to a value if it was absent, and saw what was there before.</summary>
    WriteIfAbsent,

    /// <summary>Set the register to a value since it held another one; one whose outcome is unknown does so only if it does.</summary>
    CompareAndSet,
}

/// <summary>One operation of a history, on one register.</summary>
/// <param name="Client">Who did it; for messages only.</param>
/// <param name="Register">Which register: a key, or a session.</param>
/// <param name="Kind">What it did.</param>
/// <param name="Value">What was written or seen; null is "absent".</param>
/// <param name="Invoked">When it was begun, on the clock that all clients of the history share.</param>
/// <param name="Returned">
/// When its answer came. <see cref="Never"/> when the outcome is unknown: it may have taken effect at any time after it was begun, or
/// never. What certainly did not happen does not belong into a history, nor does a read without an answer.
/// </param>
public sealed record Operation(int Client, string Register, OperationKind Kind, string? Value, long Invoked, long Returned)
{
    /// <summary>No answer came.</summary>
    public const long Never = long.MaxValue;

    /// <summary>
    /// What a <see cref="OperationKind.Swap"/> or <see cref="OperationKind.WriteIfAbsent"/> saw, and what a
    /// <see cref="OperationKind.CompareAndSet"/> expected; null is "absent".
    /// </summary>
    public string? Seen { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"[{Invoked}, {(Returned == Never ? "?" : Returned)}] client {Client} {Kind} {Register} {Value ?? "(absent)"}"
        + (Kind >= OperationKind.Swap ? $" over {Seen ?? "(absent)"}" : "");
}
