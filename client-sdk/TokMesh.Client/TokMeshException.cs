namespace TokMesh.Client;

/// <summary>What became of a call that was not answered as expected.</summary>
public enum TokMeshOutcome
{
    /// <summary>The rules say no, and would again; nothing happened.</summary>
    Refused,

    /// <summary>Nothing happened and nothing will; the same call may succeed later.</summary>
    NotExecuted,

    /// <summary>It may have happened, or may still. Read before it is repeated.</summary>
    Unknown,
}

/// <summary>A call that did not succeed. Its message says what happened and what to do; it holds no token, secret or value.</summary>
public sealed class TokMeshException : Exception
{
    /// <summary>A call that did not succeed.</summary>
    /// <param name="code">The stable code, <c>TM-…</c>.</param>
    /// <param name="message">What happened and what to do.</param>
    /// <param name="outcome">What became of the call.</param>
    /// <param name="inner">The cause, if another component failed.</param>
    public TokMeshException(string code, string message, TokMeshOutcome outcome, Exception? inner = null)
        : base($"{code}: {message}", inner)
    {
        Code = code;
        Detail = message;
        Outcome = outcome;
    }

    /// <summary>The stable code, <c>TM-…</c>; the usual ones are in <see cref="TokMeshErrorCode"/>.</summary>
    public string Code { get; }

    /// <summary>The message without the code.</summary>
    public string Detail { get; }

    /// <summary>What became of the call.</summary>
    public TokMeshOutcome Outcome { get; }

    internal TokMeshException With(TokMeshOutcome outcome) =>
        outcome == Outcome ? this : new TokMeshException(Code, Detail, outcome, InnerException);
}
