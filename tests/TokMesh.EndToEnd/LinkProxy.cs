using System.Net;
using System.Net.Sockets;

namespace TokMesh.EndToEnd;

/// <summary>
/// Stands before the port of one node that other nodes dial, and passes bytes on as <see cref="Links"/> allows. Who dialled is asked of
/// the operating system, so that it knows nothing of what nodes say to each other.
/// </summary>
internal sealed class LinkProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly string _node;
    private readonly int _target;
    private readonly Links _links;
    private readonly Func<int, int, string?> _whoDialled;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    /// <param name="node">Whose port it is.</param>
    /// <param name="target">The port.</param>
    /// <param name="links">What may pass.</param>
    /// <param name="whoDialled">The node whose process has the connection from one port to another; null for somebody else.</param>
    public LinkProxy(string node, int target, Links links, Func<int, int, string?> whoDialled)
    {
        (_node, _target, _links, _whoDialled) = (node, target, links, whoDialled);
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    public string Address => $"127.0.0.1:{Port}";

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
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
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
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
            // Somebody who is no node, or has closed again: there is no link of that name to cut.
            var from = _whoDialled(((IPEndPoint)dialler.RemoteEndPoint!).Port, Port) ?? "";
            if (!_links.Register(id, from, _node, dialler, node)) return;
            await node.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            await Task.WhenAny(PumpAsync(dialler, node, from, _node), PumpAsync(node, dialler, _node, from));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either side went away.
        }
        finally
        {
            _links.Unregister(id);
            dialler.Dispose();
            node.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket to, string sender, string receiver)
    {
        var buffer = new byte[64 << 10];
        while (true)
        {
            var n = await from.ReceiveAsync(buffer, _stop.Token);
            if (n == 0) return;
            while (_links.IsHeld(sender, receiver)) await Task.Delay(20, _stop.Token);
            for (var sent = 0; sent < n;) sent += await to.SendAsync(buffer.AsMemory(sent, n - sent), _stop.Token);
        }
    }
}
