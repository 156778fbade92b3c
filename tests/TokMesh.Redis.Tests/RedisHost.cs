using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;
using TokMesh.Log.Disks;
using TokMesh.Redis.FrontEnd;
using TokMesh.State.Ids;
using TokMesh.TestKit.Nodes;

namespace TokMesh.Redis.Tests;

/// <summary>A whole node in this process with one Redis endpoint on a loopback port, and a key of each role.</summary>
public sealed class RedisHost : IAsyncLifetime
{
    private readonly Dictionary<ApiRole, (string Id, string Secret)> _keys = [];
    private readonly Authenticator _authenticator;
    private readonly OneNode _node;
    private readonly KestrelServer _server;
    private readonly bool _alone;
    private MetaView? _ownMeta = MetaView.Empty;

    public RedisHost()
        : this(new RedisFrontEndOptions())
    {
    }

    internal RedisHost(RedisFrontEndOptions options, int shards = 8, IDisk? disk = null, Func<ApiKey, bool>? admit = null, bool alone = false,
        ConnectionLimit? connections = null, HeldBytes? held = null, Func<bool>? isReady = null)
    {
        _node = new OneNode(alone ? 3 : 1, shards, alone ? 3 : 1, new NodeOptions(), disk);
        Sessions = _node.SessionsOf(new SessionLimits());
        _alone = alone;
        _authenticator = new Authenticator(() => alone ? _ownMeta : Node.Meta, () => _node.Clock.WallMs);
        FrontEnd = new RedisFrontEnd(options, Store, Sessions, _authenticator, () => _node.Clock.WallMs)
        {
            Admit = admit,
            Connections = connections ?? new ConnectionLimit("redis", int.MaxValue, int.MaxValue),
            Held = held ?? HeldBytes.Unlimited,
            IsReady = isReady ?? (static () => true),
        };
        var kestrel = new KestrelServerOptions();
        kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            var handler = new RedisConnectionHandler(FrontEnd, NullLogger<RedisConnectionHandler>.Instance);
            listen.Use(_ => handler.OnConnectedAsync);
        });
        _server = new KestrelServer(Options.Create(kestrel),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
    }

    public Node Node => _node.Node;

    public StoreClient Store => _node.Store;

    public SessionService Sessions { get; }

    public RedisFrontEnd FrontEnd { get; }

    public int Port { get; private set; }

    public async Task InitializeAsync()
    {
        while (!_alone && Node.Meta is null) await Task.Delay(5);
        foreach (var role in Enum.GetValues<ApiRole>()) await PutKeyAsync(role, version: 1);
        await _server.StartAsync(new NoHttp(), CancellationToken.None);
        Port = new Uri(_server.Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    public async Task DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _server.StopAsync(patience.Token);
        _server.Dispose();
        _node.Dispose();
    }

    public (string Id, string Secret) KeyOf(ApiRole role) => _keys[role];

    /// <summary>A connection that is not authenticated.</summary>
    public Task<RespClient> ConnectAsync() => RespClient.ConnectAsync(Port);

    /// <summary>A connection with a role's key.</summary>
    public async Task<RespClient> ConnectAsync(ApiRole role)
    {
        var client = await ConnectAsync();
        var (id, secret) = KeyOf(role);
        Assert.Equal("+OK\r\n", await client.CallAsync("AUTH", id, secret));
        return client;
    }

    /// <summary>Of a host that is alone: as if it had just started.</summary>
    public void ForgetMeta() => _ownMeta = null;

    /// <summary>Stores a new key, or changes one.</summary>
    public async Task<ApiKey> PutKeyAsync(ApiRole role, ulong version, Func<ApiKey, ApiKey>? change = null)
    {
        var secret = ApiSecret.Format(RandomNumberGenerator.GetBytes(32));
        var key = version > 1 ? Node.Meta!.ApiKeys[_keys[role].Id] : new ApiKey
        {
            KeyId = new ApiKeyId(Ulid.Of(1, RandomNumberGenerator.GetBytes(10))).ToString(),
            Verifier = SecretVerifier.Make(secret, RandomNumberGenerator.Fill),
            Role = role,
        };
        key = (change?.Invoke(key) ?? key) with { Version = version };
        if (_alone)
        {
            _ownMeta = new MetaView { ApiKeys = new Dictionary<string, ApiKey>(_ownMeta!.ApiKeys) { [key.KeyId] = key } };
        }
        else
        {
            var reply = await Store.CallAsync(0, CallKind.Write, MetaOps.PutApiKey(key), default, Node.NowMs + 5000);
            Assert.True(reply.IsOk, reply.Detail);
        }
        if (version == 1) _keys[role] = (key.KeyId, secret);
        return key;
    }

    private sealed class NoHttp : IHttpApplication<int>
    {
        public int CreateContext(IFeatureCollection contextFeatures) => 0;

        public Task ProcessRequestAsync(int context) => Task.CompletedTask;

        public void DisposeContext(int context, Exception? exception)
        {
        }
    }
}
