namespace TokMesh.Cluster.Calls;

/// <summary>What a call needs to be passed on to another group.</summary>
internal interface ICallRouter
{
    /// <summary>Brings it to its group, whichever lane that belongs to.</summary>
    void Submit(Call call);

    /// <summary>The group that holds a user's sessions.</summary>
    uint GroupOfUser(ReadOnlySpan<byte> userId);
}
