namespace TokMesh.Client.Orleans;

/// <summary>What every call says about itself.</summary>
/// <param name="Level">A <see cref="ConsistencyLevel"/> as a number; numbers may only grow.</param>
/// <param name="MaxStalenessMs">Of a bounded read.</param>
/// <param name="DeadlineMs">How long the node may try, in milliseconds from its arrival.</param>
[GenerateSerializer, Immutable, Alias("TokMesh.Call")]
public readonly record struct CallWire([property: Id(0)] byte Level, [property: Id(1)] int MaxStalenessMs, [property: Id(2)] int DeadlineMs);

/// <summary>How a call ended at the node. Numbers may only grow.</summary>
[GenerateSerializer, Alias("TokMesh.ReplyOutcome")]
public enum ReplyOutcome : byte
{
    /// <summary>Answered.</summary>
    Ok,

    /// <summary>The rules say no; nothing happened.</summary>
    Refused,

    /// <summary>Nothing happened and nothing will.</summary>
    NotExecuted,

    /// <summary>It may have happened, or may still.</summary>
    Unknown,
}

/// <summary>A node's answer.</summary>
[GenerateSerializer, Immutable, Alias("TokMesh.Reply`1")]
public sealed class Reply<T>
{
    /// <summary>How the call ended.</summary>
    [Id(0)]
    public ReplyOutcome Outcome { get; init; }

    /// <summary>The stable code, <c>TM-…</c>, when it did not end well.</summary>
    [Id(1)]
    public string Code { get; init; } = "";

    /// <summary>What happened and what to do.</summary>
    [Id(2)]
    public string Message { get; init; } = "";

    /// <summary>The answer, when it ended well.</summary>
    [Id(3)]
    public T? Value { get; init; }
}
