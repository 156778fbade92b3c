using System.IO.Pipelines;
using TokMesh.Cluster;

namespace TokMesh.Peer;

/// <summary>A connection that this node dialled.</summary>
/// <param name="stream">Plain or TLS.</param>
/// <param name="certifiedAs">The node id of the other side's certificate; null without TLS.</param>
internal sealed class PeerConnection(Stream stream, string? certifiedAs) : IDisposable
{
    private const int AnswerTimeoutMs = 3_000;

    public PipeReader Input { get; } = PipeReader.Create(stream);

    public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: 64 << 10));

    public string? CertifiedAs => certifiedAs;

    /// <summary>Says hello and hears the answer.</summary>
    /// <exception cref="HelloRefusedException">The other side refuses.</exception>
    public async Task<Hello> IntroduceAsync(Hello hello, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(AnswerTimeoutMs);
        try
        {
            Wire.Write(Output, WireKind.Hello, hello.ToJson());
            await Output.FlushAsync(limit.Token);
            var answer = await Wire.ReadHelloAsync(Input, limit.Token);
            return answer.Refusal is { } refusal ? throw new HelloRefusedException(refusal) : answer;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException($"No answer to the hello within {AnswerTimeoutMs} ms.");
        }
    }

    public void Dispose() => stream.Dispose();
}
