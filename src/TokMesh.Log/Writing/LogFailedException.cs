namespace TokMesh.Log.Writing;

/// <summary>
/// A write or a sync failed. What is on the disk since the last success is unknown and the operating system may have
/// dropped it, so nothing is retried: the log refuses everything from here on and the node must stop.
/// </summary>
public sealed class LogFailedException : IOException
{
    internal LogFailedException(string what, Exception inner)
        : base($"{what}: {inner.Message} The node must stop; after a restart it recovers what is durable.", inner)
    {
    }
}
