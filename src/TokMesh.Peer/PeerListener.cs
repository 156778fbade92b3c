using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using TokMesh.Cluster;
using TokMesh.Raft;

namespace TokMesh.Peer;

/// <summary>Takes the connections of other nodes: hears who they are, answers, then reads their frames.</summary>
public sealed class PeerListener(PeerEngine engine) : ConnectionHandler
{
    private const int HelloTimeoutMs = 5_000;

    /// <summary>Connections that have not shown to be a link; they are heard out for five seconds each.</summary>
    private const int MostStrangers = 64;
    private const int MostStrangersOfOneAddress = 48;
    private readonly ConnectionLimit _strangers = new("peer", MostStrangers, MostStrangersOfOneAddress);

    /// <inheritdoc/>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (_strangers.Enter(address) == Place.Refused)
        {
            if (_strangers.RefusedToSay(engine.Clock.MonotonicMs) is > 0 and var refused) engine.Log.StrangersRefused(refused, MostStrangers);
            return;
        }
        var isStranger = true;
        try
        {
            Hello hello;
            using (var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed))
            {
                limit.CancelAfter(HelloTimeoutMs);
                hello = await Wire.ReadHelloAsync(input, limit.Token);
            }
            var certificate = connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
            var (answer, from) = await engine.AnswerAsync(hello, engine.Options.Certificates is null ? null : NodeCertificates.NodeIdOf(certificate) ?? "nobody");
            Wire.Write(output, WireKind.Hello, answer.ToJson());
            await output.FlushAsync(connection.ConnectionClosed);
            if (!hello.IsLink || from is not { } member)
            {
                await output.CompleteAsync();
                return;
            }
            isStranger = false;
            _strangers.Leave(address);
            engine.Admitted(member, hello);
            await ReadFramesAsync(member, hello.Past!.Current, input, output, connection.ConnectionClosed);
        }
        catch (FormatException e)
        {
            engine.Log.BadPeer(connection.RemoteEndPoint?.ToString() ?? "unknown", e.Message);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ConnectionAbortedException or ConnectionResetException)
        {
            // The other side went away; its own link says so.
        }
        finally
        {
            if (isStranger) _strangers.Leave(address);
        }
    }

    private async Task ReadFramesAsync(MemberId from, NodeStart start, PipeReader input, PipeWriter output, CancellationToken closed)
    {
        while (true)
        {
            var read = await input.ReadAsync(closed);
            var buffer = read.Buffer;
            var answered = false;
            while (Wire.TryRead(ref buffer, Wire.MaxMessageBytes, out var kind, out var body))
            {
                switch (kind)
                {
                    case WireKind.Frames:
                        // Another run of that node is talked with now.
                        if (!Receive(from, start, body)) return;
                        break;
                    case WireKind.Ping when body.Length == 8:
                        var pong = new byte[16];
                        body.CopyTo(pong);
                        BitConverter.TryWriteBytes(pong.AsSpan(8), LinkHealth.PreciseWallMs);
                        Wire.Write(output, WireKind.Pong, pong);
                        answered = true;
                        break;
                    default:
                        throw new FormatException($"Message kind {(byte)kind} of {body.Length} bytes is not known to this version.");
                }
            }
            input.AdvanceTo(buffer.Start, buffer.End);
            if (answered) await output.FlushAsync(closed);
            if (read.IsCompleted) return;
        }
    }

    private bool Receive(MemberId from, NodeStart start, ReadOnlySequence<byte> frames)
    {
        if (engine.Node is not { } node) return false;
        if (frames.IsSingleSegment) return node.Receive(from, start, frames.FirstSpan);
        var length = (int)frames.Length;
        var copy = ArrayPool<byte>.Shared.Rent(length);
        frames.CopyTo(copy);
        var isHeard = node.Receive(from, start, copy.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(copy);
        return isHeard;
    }
}
