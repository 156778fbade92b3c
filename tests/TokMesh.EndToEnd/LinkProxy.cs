using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace TokMesh.EndToEnd;

/// <summary>
/// Stands before the peer port of one node. It learns from the hello of each connection which node dials, and can cut that link:
/// dead in both directions, or deaf in one, with what was under way arriving late.
/// </summary>
internal sealed class LinkProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, bool> _dead = new();
    private readonly ConcurrentDictionary<string, bool> _deaf = new();
    private readonly ConcurrentDictionary<Guid, (string From, Socket A, Socket B)> _open = new();
    private readonly Task _accepting;

    public LinkProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Nothing passes from that node any more, nor back; open connections end.</summary>
    public void Kill(string from)
    {
        _dead[from] = true;
        foreach (var (id, link) in _open)
        {
            if (link.From != from || !_open.TryRemove(id, out _)) continue;
            link.A.Dispose();
            link.B.Dispose();
        }
    }

    /// <summary>What that node sends is held back; its connections stay open.</summary>
    public void Deafen(string from) => _deaf[from] = true;

    public void Heal()
    {
        _dead.Clear();
        _deaf.Clear();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        foreach (var (_, link) in _open)
        {
            link.A.Dispose();
            link.B.Dispose();
        }
        _accepting.Wait(TimeSpan.FromSeconds(5));
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                _ = Task.Run(() => ServeAsync(socket));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy ends.
        }
    }

    private async Task ServeAsync(Socket dialler)
    {
        var node = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var id = Guid.NewGuid();
        try
        {
            dialler.NoDelay = true;
            var hello = await ReadHelloAsync(dialler);
            var from = JsonDocument.Parse(hello.AsMemory(5)).RootElement.GetProperty("self").GetProperty("node_id").GetString()!;
            if (_dead.ContainsKey(from)) return;
            await node.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            _open[id] = (from, dialler, node);
            await node.SendAsync(hello);
            await Task.WhenAny(PumpAsync(dialler, node, () => _deaf.ContainsKey(from)), PumpAsync(node, dialler, static () => false));
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Either side went away.
        }
        finally
        {
            _open.TryRemove(id, out _);
            dialler.Dispose();
            node.Dispose();
        }
    }

    private async Task<byte[]> ReadHelloAsync(Socket socket)
    {
        var head = await ReadAsync(socket, 5);
        var body = await ReadAsync(socket, (int)BinaryPrimitives.ReadUInt32LittleEndian(head) - 1);
        return [.. head, .. body];
    }

    private async Task<byte[]> ReadAsync(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var have = 0; have < count;)
        {
            var n = await socket.ReceiveAsync(bytes.AsMemory(have), _stop.Token);
            if (n == 0) throw new IOException("closed");
            have += n;
        }
        return bytes;
    }

    private async Task PumpAsync(Socket from, Socket to, Func<bool> isHeld)
    {
        var buffer = new byte[64 << 10];
        while (true)
        {
            var n = await from.ReceiveAsync(buffer, _stop.Token);
            if (n == 0) return;
            while (isHeld()) await Task.Delay(20, _stop.Token);
            for (var sent = 0; sent < n;) sent += await to.SendAsync(buffer.AsMemory(sent, n - sent), _stop.Token);
        }
    }
}
