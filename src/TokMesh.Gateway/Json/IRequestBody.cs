using System.Buffers;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Json;

/// <summary>What the body of a request may say; its properties, in snake case, are the fields of the JSON object.</summary>
internal interface IRequestBody<TSelf>
    where TSelf : struct, IRequestBody<TSelf>
{
    /// <summary>Whether no body at all stands for an empty object.</summary>
    static abstract bool IsOptional { get; }

    /// <summary>Reads a whole body; null when it is well formed.</summary>
    static abstract RuleViolation? TryRead(in ReadOnlySequence<byte> body, out TSelf value);
}
