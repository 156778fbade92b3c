using Orleans.Concurrency;
using Orleans.Services;

namespace TokMesh.Orleans.Links;

/// <summary>
/// The receiving end of the links to one silo: one on each silo, addressed by the silo's own address, so that no directory stands
/// between two lanes. Numbers of members travel as they are in every Raft group.
/// </summary>
[Alias("tokmesh.link")]
internal interface ILinkService : IGrainService
{
    /// <summary>
    /// Introduces a node and begins a session of its link. The bodies are those of <see cref="Cluster.Hello"/>; the answer says why
    /// there will be no link, if so.
    /// </summary>
    [Alias("hello")]
    Task<byte[]> Hello(byte[] hello, ulong session);

    /// <summary>
    /// Asks to be taken in as a member: the bodies are those of <see cref="Cluster.Hello"/>, the answer has the number, or says why
    /// there is none. Asked again it gives the same one.
    /// </summary>
    [Alias("join")]
    Task<byte[]> Join(byte[] hello);

    /// <summary>
    /// One piece of the frames of a lane's turn. Not answered, and neither ordered nor certain to arrive: the number says where it
    /// belongs. <paramref name="ackSession"/> and <paramref name="acked"/> tell how far this node has got with what came the other way.
    /// </summary>
    [OneWay, Alias("deliver")]
    void Deliver(uint from, ulong session, ulong number, PieceKind kind, ulong ackSession, ulong acked, byte[] frames);

    /// <summary>How far the sender of this has got with a session, where nothing travels the other way to say so.</summary>
    [OneWay, Alias("ack")]
    void Acknowledge(uint from, ulong session, ulong acked);

    /// <summary>
    /// Whether the silo lives and still knows the session, up to where it has got, and what time it has.
    /// <paramref name="sent"/> is the last number sent: what is missing of it after a while is lost.
    /// </summary>
    [Alias("ping")]
    Task<Pong> Ping(uint from, ulong session, ulong sent);
}

/// <summary>What part of a batch a piece is: large batches travel in several, so that nothing small waits behind them for long.</summary>
[Flags]
internal enum PieceKind : byte
{
    /// <summary>From the middle.</summary>
    Middle = 0,

    /// <summary>A batch begins with it.</summary>
    First = 1,

    /// <summary>A batch ends with it.</summary>
    Last = 2,

    /// <summary>A batch of its own.</summary>
    Whole = First | Last,
}

/// <summary>Answer to a ping.</summary>
/// <param name="KnowsSession">Whether what is sent in the session is taken; if not, a new hello is needed.</param>
/// <param name="Acked">The last number that is done with.</param>
/// <param name="WallMs">Unix time in milliseconds, with fractions.</param>
[GenerateSerializer, Immutable, Alias("tokmesh.pong")]
internal readonly record struct Pong([property: Id(0)] bool KnowsSession, [property: Id(1)] ulong Acked, [property: Id(2)] double WallMs);
