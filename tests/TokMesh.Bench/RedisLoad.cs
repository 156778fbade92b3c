using System.Net.Sockets;
using System.Text;

namespace TokMesh.Bench;

/// <summary>SET or GET of random keys over the Redis protocol.</summary>
internal sealed class RedisLoad : ILoadConnection
{
    private readonly Socket _socket;
    private readonly Random _random;
    private readonly bool _write;
    private readonly int _keys;
    private readonly string _value;
    private string? _key;
    private readonly byte[] _received = new byte[64 << 10];

    private RedisLoad(Socket socket, int seed, bool write, int keys, int valueBytes)
    {
        (_socket, _random, _write, _keys) = (socket, new Random(seed), write, keys);
        _value = new string('x', valueBytes);
    }

    /// <summary>Writes one key only.</summary>
    public static async Task<ILoadConnection> ConnectToKeyAsync(string address, string credential, string key)
    {
        var load = (RedisLoad)await ConnectAsync(address, credential, 0, write: true, 1, 1);
        load._key = key;
        return load;
    }

    public static async Task<ILoadConnection> ConnectAsync(string address, string? credential, int seed, bool write, int keys, int valueBytes)
    {
        var socket = await ClosedLoop.ConnectAsync(address);
        var load = new RedisLoad(socket, seed, write, keys, valueBytes);
        if (credential is not null && await load.ExchangeAsync(Encoding.ASCII.GetBytes($"AUTH {credential.Replace(':', ' ')}\r\n"), 1) != 0)
            throw new InvalidOperationException("AUTH was refused.");
        return load;
    }

    public ValueTask<int> RunBatchAsync(int operations)
    {
        var batch = new StringBuilder();
        for (var i = 0; i < operations; i++)
        {
            var key = _key ?? $"bench:{_random.Next(_keys):D8}";
            if (_write) batch.Append($"*3\r\n$3\r\nSET\r\n${key.Length}\r\n{key}\r\n${_value.Length}\r\n{_value}\r\n");
            else batch.Append($"*2\r\n$3\r\nGET\r\n${key.Length}\r\n{key}\r\n");
        }
        return ExchangeAsync(Encoding.ASCII.GetBytes(batch.ToString()), operations);
    }

    public void Dispose() => _socket.Dispose();

    private async ValueTask<int> ExchangeAsync(byte[] request, int replies)
    {
        for (var sent = 0; sent < request.Length;) sent += await _socket.SendAsync(request.AsMemory(sent));
        int errors = 0, skip = 0;
        var inLine = false;
        var bulk = 0;
        var first = (byte)0;
        while (replies > 0)
        {
            var n = await _socket.ReceiveAsync(_received);
            if (n == 0) throw new IOException("The server closed the connection.");
            for (var i = 0; i < n && replies > 0; i++)
            {
                var b = _received[i];
                if (skip > 0)
                {
                    if (--skip == 0) replies--;
                    continue;
                }
                if (!inLine)
                {
                    (inLine, first, bulk) = (true, b, 0);
                    if (b == '-') errors++;
                    continue;
                }
                if (b == '-' && first == '$') bulk = int.MinValue;
                else if (b is >= (byte)'0' and <= (byte)'9' && first == '$' && bulk >= 0) bulk = bulk * 10 + b - '0';
                else if (b == '\n')
                {
                    inLine = false;
                    if (first == '$' && bulk >= 0) skip = bulk + 2;
                    else replies--;
                }
            }
        }
        return errors;
    }
}
