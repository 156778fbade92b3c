using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;

namespace TokMesh.Orleans.Links;

/// <summary>A connection that this node dialled to another's silo port; both ends have shown that they belong to the cluster.</summary>
internal sealed class DialledConnection : IDisposable
{
    private const int ConnectTimeoutMs = 2_000;
    private const int AnswerTimeoutMs = 3_000;

    private readonly Stream _stream;
    private Opened _opened;

    private DialledConnection(Stream stream, string? certifiedAs)
    {
        (_stream, CertifiedAs) = (stream, certifiedAs);
        Input = PipeReader.Create(stream);
        Output = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: 64 << 10));
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    /// <summary>The node id of the other side's certificate; null without TLS.</summary>
    public string? CertifiedAs { get; }

    /// <summary>Dials, and goes through TLS and the challenge.</summary>
    /// <param name="options">Who dials.</param>
    /// <param name="address">Where, host:port.</param>
    /// <param name="node">Data directory of the node that is to be linked; null for a question to any node.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="IOException">Nobody answers, or not as one of this cluster.</exception>
    /// <exception cref="HelloRefusedException">The certificates do not agree.</exception>
    public static async Task<DialledConnection> OpenAsync(LinkOptions options, string address, Guid? node, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ConnectTimeoutMs);
        DialledConnection? connection = null;
        try
        {
            connection = await ConnectAsync(options, address, limit.Token);
            connection._opened = await Challenge.DialAsync(connection.Input, connection.Output, options.Secret, node is null ? Purpose.Question : Purpose.Link, options.DirectoryId,
                node is { } directory ? Challenge.NodeOf(directory) : [], limit.Token);
            return connection;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            connection?.Dispose();
            throw new IOException($"No answer within {ConnectTimeoutMs} ms.");
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>Says hello and hears the answer.</summary>
    /// <exception cref="HelloRefusedException">The other side refuses, or is not who it has shown to be.</exception>
    public async Task<Hello> IntroduceAsync(Hello hello, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(AnswerTimeoutMs);
        try
        {
            Wire.WriteHello(Output, hello, _opened.Key, Side.Dialler);
            await Output.FlushAsync(limit.Token);
            var answer = await Wire.ReadHelloAsync(Input, _opened.Key, Side.Acceptor, limit.Token);
            if (answer.Refusal is { } refusal) throw new HelloRefusedException(refusal);
            return HelloJudge.JudgeDirectory(answer, _opened.Directory) is { } stranger ? throw new HelloRefusedException(stranger) : answer;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException($"No answer to the hello within {AnswerTimeoutMs} ms.");
        }
    }

    public void Dispose() => _stream.Dispose();

    private static async Task<DialledConnection> ConnectAsync(LinkOptions options, string address, CancellationToken cancel)
    {
        if (!HostAndPort.TryParse(address, out var host, out var port)) throw new IOException($"\"{address}\" is no address host:port.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancel);
            var stream = new NetworkStream(socket, ownsSocket: true);
            if (options.Certificates is not { } certificates) return new DialledConnection(stream, null);
            var problem = "";
            var tls = new SslStream(stream);
            try
            {
                await tls.AuthenticateAsClientAsync(certificates.ForClient(p => problem = p), cancel);
            }
            catch (AuthenticationException e)
            {
                throw new HelloRefusedException(new HelloRefusal(Codes.BadCertificate, $"No TLS connection to {address}: {(problem.Length > 0 ? problem : e.Message)}.", false));
            }
            return new DialledConnection(tls, NodeCertificates.NodeIdOf(tls.RemoteCertificate) ?? "nobody");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
