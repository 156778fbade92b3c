using System.Net.Sockets;
using System.Text;

namespace TokMesh.Bench;

/// <summary>Session calls over HTTP/1.1 on a kept-open connection: create, or validate of one token.</summary>
internal sealed class HttpLoad : ILoadConnection
{
    private readonly Socket _socket;
    private readonly string _host;
    private readonly string _credential;
    private readonly int _client;
    private readonly byte[] _received = new byte[64 << 10];
    private byte[]? _validate;
    private int _created;

    private HttpLoad(Socket socket, string host, string credential, int client) =>
        (_socket, _host, _credential, _client) = (socket, host, credential, client);

    /// <param name="address">host:port.</param>
    /// <param name="credential">API key.</param>
    /// <param name="client">Number of the connection.</param>
    /// <param name="validate">Whether to validate a token that is created first; else to create sessions.</param>
    public static async Task<ILoadConnection> ConnectAsync(string address, string credential, int client, bool validate)
    {
        var load = new HttpLoad(await ClosedLoop.ConnectAsync(address), address, credential, client);
        if (!validate) return load;
        var (status, body) = await load.ExchangeAsync(load.Post("/sessions", load.CreateBody()));
        var at = body.IndexOf("tmtk_", StringComparison.Ordinal);
        if (status != 201 || at < 0) throw new InvalidOperationException($"A session could not be created: status {status}.");
        load._validate = load.Post("/tokens/validate", $"{{\"token\":\"{body.Substring(at, 48)}\"}}");
        return load;
    }

    public async ValueTask<int> RunBatchAsync(int operations)
    {
        var errors = 0;
        for (var i = 0; i < operations; i++)
        {
            var (status, _) = await ExchangeAsync(_validate ?? Post("/sessions", CreateBody()));
            if (status is not (200 or 201)) errors++;
        }
        return errors;
    }

    public void Dispose() => _socket.Dispose();

    private string CreateBody()
    {
        var n = ++_created;
        // A user for every few sessions, so that no quota is met.
        return $"{{\"user_id\":\"bench-{_client}-{Environment.ProcessId}-{n / 20}\",\"ttl_seconds\":3600,\"data\":{{\"note\":\"{new string('d', 100)}\"}}}}";
    }

    private byte[] Post(string path, string body) => Encoding.ASCII.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: {_host}\r\nAuthorization: Bearer {_credential}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private async ValueTask<(int Status, string Body)> ExchangeAsync(byte[] request)
    {
        for (var sent = 0; sent < request.Length;) sent += await _socket.SendAsync(request.AsMemory(sent));
        var have = 0;
        while (true)
        {
            var n = await _socket.ReceiveAsync(_received.AsMemory(have));
            if (n == 0) throw new IOException("The server closed the connection.");
            have += n;
            var text = Encoding.ASCII.GetString(_received, 0, have);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0) continue;
            var head = text[..end];
            var at = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
            if (at >= 0)
            {
                var line = head.IndexOf('\r', at);
                var length = int.Parse(head.AsSpan(at + 16, (line < 0 ? head.Length : line) - at - 16), System.Globalization.CultureInfo.InvariantCulture);
                if (have < end + 4 + length) continue;
            }
            else if (!text.EndsWith("0\r\n\r\n", StringComparison.Ordinal)) continue;
            return (int.Parse(head.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture), text[(end + 4)..]);
        }
    }
}
