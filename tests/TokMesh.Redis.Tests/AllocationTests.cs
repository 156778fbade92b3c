using System.Net;
using System.Net.Sockets;
using System.Text;
using TokMesh.Cluster.Meta;

namespace TokMesh.Redis.Tests;

/// <summary>Runs while nothing else does: it counts what the whole process allocates.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class Alone;

[Collection("alone")]
public sealed class AllocationTests(RedisHost host, Xunit.Abstractions.ITestOutputHelper output) : IClassFixture<RedisHost>
{
    /// <summary>Of the whole way through front end, router, shard and back: the call, its reply, and what the lanes keep meanwhile.</summary>
    private const int MostBytesPerRead = 400;
    private const int Batch = 500;
    private const int Rounds = 40;

    [Fact]
    public void A_pipelined_GET_allocates_little()
    {
        var (id, secret) = host.KeyOf(ApiRole.Issuer);
        using var tcp = new TcpClient { NoDelay = true };
        tcp.Connect(IPAddress.Loopback, host.Port);
        var stream = tcp.GetStream();
        var buffer = new byte[64 * 1024];
        stream.Write([.. RespClient.Encode("AUTH", id, secret), .. RespClient.Encode("SET", "alloc", "value")]);
        stream.ReadExactly(buffer, 0, 10);
        Assert.Equal("+OK\r\n+OK\r\n", Encoding.ASCII.GetString(buffer, 0, 10));
        byte[] gets = [.. Enumerable.Repeat(RespClient.Encode("GET", "alloc"), Batch).SelectMany(b => b)];
        Run(10);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Run(Rounds);
        var perRead = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)(Batch * Rounds);
        output.WriteLine($"{perRead:0} bytes per GET");
        Assert.InRange(perRead, 0, MostBytesPerRead);

        void Run(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                stream.Write(gets);
                stream.ReadExactly(buffer, 0, Batch * 11);
            }
        }
    }
}
