using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace TokMesh.Bench;

/// <summary>
/// PUT to etcd over gRPC, spoken by hand: HTTP/2 (RFC 9113) frames with literal HPACK headers (RFC 7541), one stream a call. As lean
/// as the Redis client beside it, so that on a shared machine the comparison is of the servers, not of the clients.
/// </summary>
internal sealed class EtcdLoad : ILoadConnection
{
    private const byte Data = 0, Headers = 1, Settings = 4, Ping = 6, GoAway = 7, WindowUpdate = 8;
    private const byte EndStream = 1, Ack = 1, EndHeaders = 4;

    private readonly Socket _socket;
    private readonly Random _random;
    private readonly int _keys;
    private readonly int _valueBytes;
    private readonly byte[] _headers;
    private readonly byte[] _received = new byte[64 << 10];
    private readonly MemoryStream _answers = new();
    private int _have;
    private uint _stream = 1;
    private int _unacknowledgedBytes;

    private EtcdLoad(Socket socket, string address, int seed, int keys, int valueBytes)
    {
        (_socket, _random, _keys, _valueBytes) = (socket, new Random(seed), keys, valueBytes);
        using var block = new MemoryStream();
        foreach (var (name, value) in new[] { (":method", "POST"), (":scheme", "http"), (":path", "/etcdserverpb.KV/Put"), (":authority", address), ("content-type", "application/grpc"), ("te", "trailers") })
        {
            // Literal without indexing, no Huffman: both sides stay stateless.
            block.WriteByte(0);
            foreach (var text in new[] { name, value })
            {
                block.WriteByte((byte)text.Length);
                block.Write(Encoding.ASCII.GetBytes(text));
            }
        }
        _headers = block.ToArray();
    }

    public static async Task<ILoadConnection> ConnectAsync(string address, int seed, int keys, int valueBytes)
    {
        var load = new EtcdLoad(await ClosedLoop.ConnectAsync(address), address, seed, keys, valueBytes);
        await load.SendAsync([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])]);
        return load;
    }

    public async ValueTask<int> RunBatchAsync(int operations)
    {
        using var request = new MemoryStream();
        for (var i = 0; i < operations; i++)
        {
            request.Write(Frame(Headers, EndHeaders, _stream, _headers));
            request.Write(Frame(Data, EndStream, _stream, PutRequest()));
            _stream += 2;
        }
        await SendAsync(request.ToArray());
        var open = operations;
        var errors = 0;
        while (open > 0)
        {
            var n = await _socket.ReceiveAsync(_received.AsMemory(_have));
            if (n == 0) throw new IOException("etcd closed the connection.");
            _have += n;
            Parse(ref open, ref errors);
            if (_answers.Length == 0) continue;
            await SendAsync(_answers.ToArray());
            _answers.SetLength(0);
        }
        return errors;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _answers.Dispose();
    }

    private void Parse(ref int open, ref int errors)
    {
        var at = 0;
        while (_have - at >= 9)
        {
            var head = _received.AsSpan(at);
            var length = head[0] << 16 | head[1] << 8 | head[2];
            if (_have - at < 9 + length) break;
            var (type, flags) = (head[3], head[4]);
            var body = head.Slice(9, length);
            switch (type)
            {
                case Settings when (flags & Ack) == 0:
                    _answers.Write(Frame(Settings, Ack, 0, []));
                    break;
                case Ping when (flags & Ack) == 0:
                    _answers.Write(Frame(Ping, Ack, 0, body));
                    break;
                case Data:
                    _unacknowledgedBytes += length;
                    if (_unacknowledgedBytes > 16_000)
                    {
                        var increment = new byte[4];
                        BinaryPrimitives.WriteInt32BigEndian(increment, _unacknowledgedBytes);
                        _answers.Write(Frame(WindowUpdate, 0, 0, increment));
                        _unacknowledgedBytes = 0;
                    }
                    break;
                // The trailers end a call. grpc-status 0 is indexed by etcd's encoder; a failure is a literal with text.
                case Headers when (flags & EndStream) != 0:
                    open--;
                    if (length > 200) errors++;
                    break;
                case GoAway:
                    throw new IOException("etcd refused to go on.");
            }
            at += 9 + length;
        }
        Buffer.BlockCopy(_received, at, _received, 0, _have - at);
        _have -= at;
    }

    // etcdserverpb.PutRequest { bytes key = 1; bytes value = 2; } behind the gRPC prefix.
    private byte[] PutRequest()
    {
        var key = Encoding.ASCII.GetBytes($"bench:{_random.Next(_keys):D8}");
        var message = new byte[2 + key.Length + 2 + _valueBytes];
        message[0] = 0x0a;
        message[1] = (byte)key.Length;
        key.CopyTo(message, 2);
        message[2 + key.Length] = 0x12;
        message[3 + key.Length] = (byte)_valueBytes;
        message.AsSpan(4 + key.Length).Fill((byte)'x');
        var framed = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        return framed;
    }

    private static byte[] Frame(byte type, byte flags, uint stream, ReadOnlySpan<byte> body)
    {
        var frame = new byte[9 + body.Length];
        frame[0] = (byte)(body.Length >> 16);
        frame[1] = (byte)(body.Length >> 8);
        frame[2] = (byte)body.Length;
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(5), stream);
        body.CopyTo(frame.AsSpan(9));
        return frame;
    }

    private async ValueTask SendAsync(byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;) sent += await _socket.SendAsync(bytes.AsMemory(sent));
    }
}
