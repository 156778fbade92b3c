namespace TokMesh.Client;

/// <summary>How one attempt at a call ended.</summary>
/// <param name="Value">The answer, when there is no error.</param>
/// <param name="Error">Why there is no answer.</param>
/// <param name="RetryAfter">How long the server asks to wait; null when it does not.</param>
internal readonly record struct Attempt<T>(T? Value, TokMeshException? Error, TimeSpan? RetryAfter)
{
    public static Attempt<T> Done(T value) => new(value, null, null);

    public static Attempt<T> Failed(TokMeshException error, TimeSpan? retryAfter = null) => new(default, error, retryAfter);
}
