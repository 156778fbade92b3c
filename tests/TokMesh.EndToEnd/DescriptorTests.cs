using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit.Sdk;

namespace TokMesh.EndToEnd;

/// <summary>A server with few descriptors, and more clients than it may have.</summary>
[Trait(Row.Trait, Row.Beside)]
public sealed class DescriptorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-descriptors-").FullName;
    private readonly int _http = FreePort.Next();
    private readonly int _redis = FreePort.Next();
    private readonly int _silo = FreePort.Next();
    private readonly int _gateway = FreePort.Next();
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly List<Socket> _sockets = [];
    private Process? _server;

    public void Dispose()
    {
        Close();
        if (_server is { HasExited: false })
        {
            _server.Kill();
            _server.WaitForExit();
        }
        _client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task As_many_clients_as_there_are_descriptors_leave_health_and_links_theirs()
    {
        await StartAsync(600);
        for (var n = 0; n < 700; n++) await ConnectAsync(_redis);
        // A third of what is not kept back, and of that one address gets seven eighths.
        var refused = 0;
        foreach (var socket in _sockets.TakeLast(100)) refused += await ReadAsync(socket) == "-ERR max number of clients reached\r\n" ? 1 : 0;
        Assert.Equal(100, refused);
        Assert.Equal(HttpStatusCode.OK, await AskAsync("/health"));
        await IsAtRestAsync();
        Close();
        for (var n = 0; n < 300; n++) await ConnectAsync(_http);
        // The last places are for questions of life, and nothing else.
        await UntilAsync(async () => await AskAsync("/health") == HttpStatusCode.OK);
        using (var answer = await AskFreshAsync("/cluster/status"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("TM-SYS-5030", answer.Headers.GetValues("X-Error-Code").Single());
            Assert.Contains("\"outcome\":\"not_executed\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        await IsAtRestAsync();
        Close();
        await UntilAsync(async () => await AskAsync("/cluster/status") == HttpStatusCode.Unauthorized);
        await ConnectAsync(_redis);
        await SendAsync("PING\r\n");
        Assert.StartsWith("-NOAUTH", await ReadAsync(_sockets[^1]), StringComparison.Ordinal);
        Assert.Contains("listener refused", await LogAsync(), StringComparison.Ordinal);
        Assert.Contains("With 600 descriptors (ulimit -n) there may be fewer connections than usual: server.http.max_connections=115, cluster.orleans.max_connections=114, server.redis.max_connections=115", await LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_many_connections_to_a_silos_ports_as_there_are_descriptors_leave_the_node_its_own()
    {
        await StartAsync(600);
        foreach (var (port, name) in new[] { (_gateway, "gateway"), (_silo, "silo") })
        {
            // The silo's gateway takes nobody before the silo is active.
            await UntilAsync(async () => await IsRefusedAsync(port));
            for (var n = 0; n < 700; n++)
            {
                try
                {
                    await ConnectAsync(port);
                }
                catch (SocketException)
                {
                    // Who finds no place is cut off without a word: sometimes before the connecting is over.
                }
            }
            foreach (var socket in _sockets.TakeLast(100)) Assert.True(await IsClosedAsync(socket));
            // Said every ten seconds at most.
            await UntilAsync(async () => (await LogAsync()).Contains($"The {name} port has more connections than it keeps", StringComparison.Ordinal));
            Assert.Equal(HttpStatusCode.OK, await AskAsync("/ready"));
            await IsAtRestAsync();
            Close();
        }
        Assert.False(_server!.HasExited);
    }

    /// <summary>Whether what does not speak as one of the cluster is closed there at its first word.</summary>
    private async Task<bool> IsRefusedAsync(int port)
    {
        using var stranger = new TcpClient();
        await stranger.ConnectAsync(IPAddress.Loopback, port);
        await stranger.GetStream().WriteAsync("GET /"u8.ToArray());
        return await IsClosedAsync(stranger.Client);
    }

    [Fact]
    public async Task When_there_is_no_descriptor_at_all_accepting_waits_and_goes_on_when_there_is_one()
    {
        await StartAsync(2000);
        // A silo that is becoming active opens what it needs for that, and ends when it cannot.
        await UntilAsync(IsActiveAsync);
        await IsAtRestAsync();
        // What is open stays open; nothing new can be.
        await LimitAsync("20:2000");
        for (var n = 0; n < 3; n++) await ConnectAsync(_redis);
        await UntilAsync(async () => (await LogAsync()).Contains("No descriptor is left", StringComparison.Ordinal));
        await IsAtRestAsync();
        Assert.False(_server!.HasExited);
        await LimitAsync("2000:2000");
        await SendAsync("PING\r\n");
        Assert.StartsWith("-NOAUTH", await ReadAsync(_sockets[^1]), StringComparison.Ordinal);
        await UntilAsync(async () => await AskAsync("/ready") == HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_limit_that_cannot_be_kept_is_an_error_at_the_start()
    {
        Assert.Contains("TM-CFG-1002: the process may open 300 descriptors", await RefusedAsync(300), StringComparison.Ordinal);
        Assert.Contains("TM-CFG-1005: server.http.max_connections and cluster.orleans.max_connections and server.redis.max_connections ask for 900 connections; with 1000 descriptors (ulimit -n), of which 256 are kept back, 744 are possible",
            await RefusedAsync(1000, "--server.http.max-connections=500", "--server.redis.max-connections=400"), StringComparison.Ordinal);
    }

    private async Task StartAsync(int descriptors)
    {
        Start(descriptors);
        await UntilAsync(async () => !_server!.HasExited ? await AskAsync("/ready") == HttpStatusCode.OK : throw new XunitException(await LogAsync()));
    }

    private async Task<bool> IsActiveAsync()
    {
        var key = Path.Combine(_folder, "data", "admin.key");
        return File.Exists(key) && await LocalCluster.ActiveSilosAsync(_client, $"127.0.0.1:{_http}", (await File.ReadAllTextAsync(key)).Trim()) == 1;
    }

    private async Task<string> RefusedAsync(int descriptors, params string[] options)
    {
        Start(descriptors, options);
        await _server!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(1, _server.ExitCode);
        return await LogAsync();
    }

    private void Start(int descriptors, params string[] options)
    {
        var info = new ProcessStartInfo("/bin/bash") { UseShellExecute = false };
        foreach (var argument in (string[])["-c", "ulimit -n $1; shift; exec dotnet \"$@\" >>\"$0\" 2>&1 </dev/null", Path.Combine(_folder, "server.log"), descriptors.ToString(CultureInfo.InvariantCulture), Built.Server,
            $"--storage.dir={_folder}/data", $"--server.http.address=127.0.0.1:{_http}", $"--server.redis.address=127.0.0.1:{_redis}",
            $"--cluster.listen-address=127.0.0.1:{_silo}", $"--cluster.orleans.gateway-address=127.0.0.1:{_gateway}", "--cluster.bootstrap.shard-count=8", .. options]) info.ArgumentList.Add(argument);
        foreach (var name in info.Environment.Keys.Where(k => k.StartsWith("TOKMESH_", StringComparison.Ordinal)).ToArray()) info.Environment.Remove(name);
        _server = Process.Start(info)!;
    }

    private async Task LimitAsync(string limit)
    {
        var told = await Tool.RunAsync("prlimit", ["--pid", _server!.Id.ToString(CultureInfo.InvariantCulture), $"--nofile={limit}"]);
        Assert.True(told.Code == 0, told.All);
    }

    /// <summary>That it does not burn a processor: sooner or later it uses less than a quarter of one for a second.</summary>
    private Task IsAtRestAsync() => UntilAsync(async () =>
    {
        Assert.False(_server!.HasExited, await LogAsync());
        var before = Used();
        await Task.Delay(1000);
        return Used() - before < TimeSpan.FromSeconds(0.25);

        TimeSpan Used()
        {
            _server!.Refresh();
            return _server.TotalProcessorTime;
        }
    });

    private async Task ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It was taken, and closed before this had seen it open.
        }
        catch (SocketException e)
        {
            throw new XunitException($"{e.Message}; the server {(_server!.HasExited ? $"ended with {_server.ExitCode}" : "runs")} and said: {await LogAsync()}");
        }
    }

    private Task<int> SendAsync(string text) => _sockets[^1].SendAsync(Encoding.ASCII.GetBytes(text));

    private static async Task<string> ReadAsync(Socket socket)
    {
        var bytes = new byte[1000];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return Encoding.ASCII.GetString(bytes, 0, await socket.ReceiveAsync(bytes, limit.Token));
    }

    private static async Task<bool> IsClosedAsync(Socket socket)
    {
        try
        {
            return (await ReadAsync(socket)).Length == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    // Not over a kept connection: that has its place.
    private Task<HttpResponseMessage> AskFreshAsync(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://127.0.0.1:{_http}{path}"));
        request.Headers.ConnectionClose = true;
        return _client.SendAsync(request);
    }

    private async Task<HttpStatusCode?> AskAsync(string path)
    {
        try
        {
            using var answer = await AskFreshAsync(path);
            return answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private Task<string> LogAsync() => File.ReadAllTextAsync(Path.Combine(_folder, "server.log"));

    private void Close()
    {
        foreach (var socket in _sockets) socket.Dispose();
        _sockets.Clear();
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var until = DateTime.UtcNow.AddSeconds(60); DateTime.UtcNow < until; await Task.Delay(100))
            if (await holds()) return;
        throw new TimeoutException("It does not hold after 60 s.");
    }
}
