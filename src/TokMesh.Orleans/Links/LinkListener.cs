using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.Orleans.Links;

/// <summary>Takes the connections of other nodes: hears who they are, answers, then reads their frames.</summary>
internal sealed class LinkListener(NodeLinks links)
{
    private const int HelloTimeoutMs = 5_000;

    /// <summary>Serves a connection whose other end has shown that it belongs to the cluster, until it ends.</summary>
    /// <param name="connection">It.</param>
    /// <param name="opened">What the other end has proved.</param>
    /// <param name="certifiedAs">The node id of its certificate; null without TLS.</param>
    /// <param name="introduced">Told when it has become a link.</param>
    public async Task RunAsync(ConnectionContext connection, Opened opened, string? certifiedAs, Action introduced)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed, links.Stopping);
        try
        {
            Hello hello;
            using (var limit = CancellationTokenSource.CreateLinkedTokenSource(end.Token))
            {
                limit.CancelAfter(HelloTimeoutMs);
                hello = await Wire.ReadHelloAsync(input, opened.Key, Side.Dialler, limit.Token);
            }
            var (answer, from) = await links.AnswerAsync(hello, opened, certifiedAs);
            Wire.WriteHello(output, answer, opened.Key, Side.Acceptor);
            await output.FlushAsync(end.Token);
            if (from is not { } member)
            {
                await HearOutAsync(input, end.Token);
                return;
            }
            introduced();
            links.Admitted(member, hello);
            await ReadFramesAsync(member, hello.Past!.Current, input, output, end.Token);
        }
        catch (FormatException e)
        {
            links.Log.BadPeer(connection.RemoteEndPoint?.ToString() ?? "unknown", e.Message);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The other side went away; its own link says so.
        }
    }

    // The transport drops what it has not sent yet when this returns: who asked must have the answer before, and then ends the connection.
    private static async Task HearOutAsync(PipeReader input, CancellationToken end)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(end);
        limit.CancelAfter(HelloTimeoutMs);
        for (var ended = false; !ended;)
        {
            var read = await input.ReadAsync(limit.Token);
            input.AdvanceTo(read.Buffer.End);
            ended = read.IsCompleted;
        }
    }

    private async Task ReadFramesAsync(MemberId from, NodeStart start, PipeReader input, PipeWriter output, CancellationToken end)
    {
        while (true)
        {
            var read = await input.ReadAsync(end);
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
            if (answered) await output.FlushAsync(end);
            if (read.IsCompleted) return;
        }
    }

    private bool Receive(MemberId from, NodeStart start, ReadOnlySequence<byte> frames)
    {
        if (links.Node is not { } node) return false;
        if (frames.IsSingleSegment) return node.Receive(from, start, frames.FirstSpan);
        var length = (int)frames.Length;
        var copy = ArrayPool<byte>.Shared.Rent(length);
        frames.CopyTo(copy);
        var isHeard = node.Receive(from, start, copy.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(copy);
        return isHeard;
    }
}
