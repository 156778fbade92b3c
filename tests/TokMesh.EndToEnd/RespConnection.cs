using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokMesh.EndToEnd;

/// <summary>The server said no; the text is its error line.</summary>
internal sealed class RespException(string text) : Exception(text);

/// <summary>A small RESP2 client: one command, one reply.</summary>
internal sealed class RespConnection : IDisposable
{
    private readonly TcpClient _client = new() { NoDelay = true };
    private Stream _stream = Stream.Null;
    private readonly byte[] _buffer = new byte[64 << 10];
    private int _at;
    private int _have;

    public static async Task<RespConnection> ConnectAsync(string address, string credential, CancellationToken cancel)
    {
        var connection = new RespConnection();
        try
        {
            var colon = address.LastIndexOf(':');
            await connection._client.ConnectAsync(IPAddress.Parse(address[..colon]), int.Parse(address.AsSpan(colon + 1), CultureInfo.InvariantCulture), cancel);
            connection._stream = connection._client.GetStream();
            await connection.CallAsync(cancel, ["AUTH", .. credential.Split(':')]);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A string, an integer as text, or null.</summary>
    public async Task<string?> CallAsync(CancellationToken cancel, params string[] command)
    {
        var request = new StringBuilder($"*{command.Length}\r\n");
        foreach (var part in command) request.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(part)}\r\n{part}\r\n");
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(request.ToString()), cancel);
        var line = await ReadLineAsync(cancel);
        switch (line[0])
        {
            case '-':
                throw new RespException(line[1..]);
            case '$':
                var length = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
                if (length < 0) return null;
                var bytes = new byte[length + 2];
                await ReadExactlyAsync(bytes, cancel);
                return Encoding.UTF8.GetString(bytes, 0, length);
            default:
                return line[1..];
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task ReadExactlyAsync(byte[] bytes, CancellationToken cancel)
    {
        var buffered = Math.Min(bytes.Length, _have - _at);
        _buffer.AsSpan(_at, buffered).CopyTo(bytes);
        _at += buffered;
        await _stream.ReadExactlyAsync(bytes.AsMemory(buffered), cancel);
    }

    private async ValueTask<byte> ReadByteAsync(CancellationToken cancel)
    {
        if (_at == _have)
        {
            (_at, _have) = (0, await _stream.ReadAsync(_buffer, cancel));
            if (_have == 0) throw new IOException("The server closed the connection.");
        }
        return _buffer[_at++];
    }

    private async ValueTask<string> ReadLineAsync(CancellationToken cancel)
    {
        var line = new StringBuilder();
        while (true)
        {
            var b = await ReadByteAsync(cancel);
            if (b == '\n') return line.ToString(0, line.Length - 1);
            line.Append((char)b);
        }
    }
}
