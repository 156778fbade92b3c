using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokMesh.Redis.Tests;

/// <summary>A client that hands out replies as the bytes they were, one whole reply at a time. Text is Latin-1, byte for character.</summary>
public sealed class RespClient : IDisposable
{
    private readonly TcpClient _tcp = new() { NoDelay = true };
    private readonly BufferedStream _input;
    private readonly NetworkStream _stream;

    private RespClient(int port)
    {
        _tcp.Connect(IPAddress.Loopback, port);
        _stream = _tcp.GetStream();
        _stream.ReadTimeout = 20_000;
        _input = new BufferedStream(_stream, 64 * 1024);
    }

    public static Task<RespClient> ConnectAsync(int port) => Task.Run(() => new RespClient(port));

    /// <summary>A command as an array of bulk strings.</summary>
    public static byte[] Encode(params string[] words)
    {
        var text = new StringBuilder().Append('*').Append(words.Length).Append("\r\n");
        foreach (var word in words) text.Append('$').Append(word.Length).Append("\r\n").Append(word).Append("\r\n");
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    public void Send(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    public void Send(params string[] words) => Send(Encode(words));

    public Task<string> CallAsync(params string[] words) => Task.Run(() => Call(words));

    public string Call(params string[] words)
    {
        Send(words);
        return Read();
    }

    /// <summary>The next reply, with everything in it; empty at the end.</summary>
    public string Read()
    {
        var reply = new StringBuilder();
        Read(reply);
        return reply.ToString();
    }

    /// <summary>Everything up to the end of the connection.</summary>
    public string ReadToEnd()
    {
        var all = new StringBuilder();
        try
        {
            for (var c = _input.ReadByte(); c >= 0; c = _input.ReadByte()) all.Append((char)c);
        }
        catch (IOException)
        {
            // Reset instead of closed: what came before it counts.
        }
        return all.ToString();
    }

    public void Dispose() => _tcp.Dispose();

    /// <summary>No more commands will come.</summary>
    public void EndInput() => _tcp.Client.Shutdown(SocketShutdown.Send);

    private void Read(StringBuilder reply)
    {
        var start = reply.Length;
        for (var c = _input.ReadByte(); c >= 0; c = _input.ReadByte())
        {
            reply.Append((char)c);
            if (c == '\n') break;
        }
        if (reply.Length == start) return;
        var type = reply[start];
        if (type is not ('$' or '*' or '~' or '%' or '=' or '>')) return;
        var count = int.Parse(reply.ToString(start + 1, reply.Length - start - 3));
        if (type is '$' or '=')
        {
            if (count < 0) return;
            var bytes = new byte[count + 2];
            _input.ReadExactly(bytes);
            reply.Append(Encoding.Latin1.GetString(bytes));
            return;
        }
        for (var i = 0; i < (type == '%' ? 2 * count : count); i++) Read(reply);
    }
}
