using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Services;

namespace TokMesh.Orleans.Links;

/// <summary>Hands what arrives to the engine. No call but a hello waits for anything: pieces arrive on the silo's own threads.</summary>
internal sealed class LinkService(GrainId id, Silo silo, ILoggerFactory loggers, OrleansEngine engine) : GrainService(id, silo, loggers), ILinkService
{
    public async Task<byte[]> Hello(byte[] hello, ulong session) => (await engine.AnswerAsync(Cluster.Hello.FromJson(hello), session)).ToJson();

    public async Task<byte[]> Join(byte[] hello) => (await engine.TakeInAsync(Cluster.Hello.FromJson(hello))).ToJson();

    public void Deliver(uint from, ulong session, ulong number, PieceKind kind, ulong ackSession, ulong acked, byte[] frames)
    {
        engine.Deliver(from, session, number, kind, frames);
        engine.Acknowledged(from, ackSession, acked);
    }

    public void Acknowledge(uint from, ulong session, ulong acked) => engine.Acknowledged(from, session, acked);

    public Task<Pong> Ping(uint from, ulong session, ulong sent) => Task.FromResult(engine.AnswerPing(from, session, sent));
}

/// <summary>The way to the <see cref="ILinkService"/> of a silo.</summary>
internal sealed class LinkServiceClient(IServiceProvider services) : GrainServiceClient<ILinkService>(services)
{
    public ILinkService At(SiloAddress silo) => GetGrainService(silo);
}
