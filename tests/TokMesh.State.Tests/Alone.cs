namespace TokMesh.State.Tests;

/// <summary>For what measures the heap or the time: no other test runs meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
