using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace TokMesh.Host.Tests;

public sealed class PatientTransportTests
{
    private const int Clients = 60;

    [Fact]
    public async Task The_last_descriptors_are_left_to_the_rest_of_the_node_and_accepting_goes_on_when_there_are_more()
    {
        using var clients = new Connections();
        await using var listener = await BindAsync(new AcceptTrouble(new NodeLog(NullLogger.Instance), Open() + Clients + 15 + AcceptTrouble.Left));
        for (var n = 0; n < Clients; n++) await clients.AddAsync(listener.EndPoint);
        var accepted = new List<ConnectionContext>();
        Task<ConnectionContext?> waiting;
        while (true)
        {
            waiting = listener.AcceptAsync().AsTask();
            if (await Task.WhenAny(waiting, Task.Delay(500)) != waiting) break;
            accepted.Add((await waiting)!);
            Assert.True(accepted.Count < Clients, "Nothing was left.");
        }
        Assert.NotEmpty(accepted);
        foreach (var connection in accepted) await connection.DisposeAsync();
        Assert.NotNull(await waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        await (await waiting)!.DisposeAsync();
    }

    [Fact]
    public async Task A_listener_that_is_to_end_waits_for_no_descriptor()
    {
        using var clients = new Connections();
        await using var listener = await BindAsync(new AcceptTrouble(new NodeLog(NullLogger.Instance), AcceptTrouble.Left));
        await clients.AddAsync(listener.EndPoint);
        var waiting = listener.AcceptAsync().AsTask();
        Assert.NotSame(waiting, await Task.WhenAny(waiting, Task.Delay(500)));
        await listener.UnbindAsync();
        await using var last = await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Null(await listener.AcceptAsync());
    }

    [Fact]
    public async Task With_descriptors_enough_all_are_accepted()
    {
        using var clients = new Connections();
        await using var listener = await BindAsync(new AcceptTrouble(new NodeLog(NullLogger.Instance), int.MaxValue));
        for (var n = 0; n < Clients; n++) await clients.AddAsync(listener.EndPoint);
        for (var n = 0; n < Clients; n++) await (await listener.AcceptAsync())!.DisposeAsync();
        await listener.UnbindAsync();
        Assert.Null(await listener.AcceptAsync());
    }

    private static int Open() => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();

    private static ValueTask<IConnectionListener> BindAsync(AcceptTrouble trouble) =>
        new PatientTransport(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance, trouble).BindAsync(new IPEndPoint(IPAddress.Loopback, 0));

    private sealed class Connections : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        public async Task AddAsync(EndPoint to)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            await socket.ConnectAsync(to);
        }

        public void Dispose()
        {
            foreach (var socket in _sockets) socket.Dispose();
        }
    }
}
