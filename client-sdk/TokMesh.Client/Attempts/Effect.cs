namespace TokMesh.Client;

/// <summary>
/// What repeating a call can do, which decides when it may be repeated. Any call may be when it was certainly not executed: its
/// connection was never made, or the answer says so. The question is what to do when it may have been.
/// </summary>
internal enum Effect
{
    /// <summary>Changes nothing. Repeated after anything, and nothing has happened when it fails.</summary>
    None,

    /// <summary>
    /// Doing it twice is doing it once: repeated after anything.
    /// <list type="bullet">
    /// <item>Revoking a session: it stays revoked, and no later session gets its id.</item>
    /// <item>Revoking all of a user: a second time, or an attempt that arrives late, can end a session made in between, which errs on the
    /// side of safety: the user signs in again. A caller told "unknown" could do nothing but repeat it, with the same effect.</item>
    /// <item>Touching: last_active only moves forward.</item>
    /// </list>
    /// </summary>
    Idempotent,

    /// <summary>
    /// Never repeated when it may have been executed: a second create is a second session and counts against the quota; a second set or
    /// delete can undo what another client wrote after the first; under a condition, it would meet its own first write as
    /// a conflict; a second renew can shorten what another client has given.
    /// </summary>
    Once,
}
