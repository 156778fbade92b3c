using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Metering;
using TokMesh.Cluster.Sessions;
using TokMesh.Cluster.Transport;
using TokMesh.Gateway;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Requests;
using TokMesh.State.Ids;
using TokMesh.TestKit.Nodes;

namespace TokMesh.TestKit.Http;

/// <summary>A whole node of one process behind a real Kestrel on a loopback port, with a key of each role.</summary>
public sealed class TestGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly OneNode _node;

    private TestGateway(WebApplication app, OneNode node, GatewayFrontEnd gateway, CapturedLog log, Dictionary<ApiRole, string> keys)
    {
        (_app, _node, FrontEnd, Log, Keys) = (app, node, gateway, log, keys);
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Http = new HttpClient { BaseAddress = Address };
    }

    public GatewayFrontEnd FrontEnd { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Its time.</summary>
    public MovableClock Clock => (MovableClock)_node.Clock;

    public CapturedLog Log { get; }

    /// <summary>Credentials, <c>key_id:secret</c>.</summary>
    public IReadOnlyDictionary<ApiRole, string> Keys { get; }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public string Admin => Keys[ApiRole.Admin];

    public string Issuer => Keys[ApiRole.Issuer];

    public string Validator => Keys[ApiRole.Validator];

    public string Metrics => Keys[ApiRole.Metrics];

    public static async Task<TestGateway> StartAsync(GatewayOptions? options = null, int initialNodes = 1, Action<Span<byte>>? gatewayRandom = null,
        bool isStopping = false, bool withKeys = true, IMembership? membership = null, HeldBytes? held = null, LifeOnly? place = null, SessionLimits? limits = null)
    {
        options ??= new GatewayOptions { FailedAuthenticationsPerMinute = 1_000_000 };
        var log = new CapturedLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        builder.UseTokMeshDefaults(options);
        // As on a connection that came when all places were taken.
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Use(next => connection =>
        {
            if (place is not null) connection.Features.Set(place);
            return next(connection);
        })));
        builder.Services.AddTokMeshGateway(options);
        // These stand in for what a node in a silo would bring.
        OneNode? one = null;
        var survey = new ReplicaSurvey(() => one?.Node);
        builder.Services.AddSingleton(s => new NodeMetrics(s.GetRequiredService<IMeterFactory>(), () => one?.Node, survey, membership));
        builder.Services.AddSingleton(s => new GatewayFrontEnd
        {
            Node = one!.Node,
            Store = one.Store,
            Sessions = one.SessionsOf(limits ?? new SessionLimits()),
            Authenticator = new Authenticator(() => one.Node.Meta, () => one.Clock.WallMs),
            Survey = survey,
            Membership = membership,
            Clock = one.Clock,
            FillRandom = gatewayRandom ?? RandomNumberGenerator.Fill,
            Log = s.GetRequiredService<ILoggerFactory>().CreateLogger("tokmesh.http"),
            Options = options,
            IsStopping = () => isStopping,
            Held = held ?? HeldBytes.Unlimited,
        });
        var app = builder.Build();
        var metrics = app.Services.GetRequiredService<NodeMetrics>();
        one = new OneNode(initialNodes, watch: metrics.Counting(new NullWatch()), clock: new MovableClock());
        // The other members do not exist; their clocks are said to agree.
        one.Node.JudgeClock([.. Enumerable.Repeat(0d, initialNodes - 1)]);
        metrics.Add(held ?? HeldBytes.Unlimited, []);
        metrics.Add(app.Services.GetRequiredService<GatewayFrontEnd>().Authenticator);
        app.MapTokMesh();
        app.MapTokMeshFallback();
        app.Map("/pages/{**rest}", static http => http.Response.WriteAsync("a page")).RequireTokMeshAdmin();
        await app.StartAsync();
        var keys = new Dictionary<ApiRole, string>();
        var test = new TestGateway(app, one, app.Services.GetRequiredService<GatewayFrontEnd>(), log, keys);
        if (withKeys)
            foreach (var role in Enum.GetValues<ApiRole>()) keys[role] = await test.AddKeyAsync(role);
        return test;
    }

    /// <summary>Puts a key into meta, past the front end.</summary>
    public async Task<string> AddKeyAsync(ApiRole role, int rateLimit = 0, bool enabled = true, long expiresAtMs = 0)
    {
        Span<byte> random = stackalloc byte[10];
        RandomNumberGenerator.Fill(random);
        var id = new ApiKeyId(Ulid.Of(FrontEnd.Clock.WallMs, random)).ToString();
        var secret = ApiSecret.Format(RandomNumberGenerator.GetBytes(32));
        var key = new ApiKey
        {
            KeyId = id,
            Verifier = SecretVerifier.Make(secret, RandomNumberGenerator.Fill),
            Role = role,
            RateLimit = rateLimit,
            Enabled = enabled,
            ExpiresAtMs = expiresAtMs,
        };
        var reply = await FrontEnd.Store.CallAsync(0, CallKind.Write, MetaOps.PutApiKey(key), Consistency.Linearizable, FrontEnd.Node.NowMs + 5000);
        Assert.True(reply.IsOk, reply.Detail);
        while (!(FrontEnd.Node.Meta is { } meta && meta.ApiKeys.ContainsKey(id))) await Task.Delay(2);
        return $"{id}:{secret}";
    }

    /// <summary>Returns once the clock that stamps writes has moved on: what is written next is later, to the millisecond, than what was.</summary>
    public async Task NextMillisecondAsync()
    {
        var now = FrontEnd.Clock.WallMs;
        while (FrontEnd.Clock.WallMs <= now) await Task.Delay(1);
    }

    public Task<Answer> GetAsync(string path, string? key, params (string Name, string Value)[] headers) => SendAsync("GET", path, key, null, headers);

    public Task<Answer> PostAsync(string path, string? key, string? body, params (string Name, string Value)[] headers) => SendAsync("POST", path, key, body, headers);

    public async Task<Answer> SendAsync(string method, string path, string? key, string? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Address, path));
        if (key is not null) request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Http.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    /// <summary>Creates a session and gives its id and token.</summary>
    public async Task<(string Id, string Token)> CreateAsync(string user, string more = "", params (string Name, string Value)[] headers)
    {
        var answer = await PostAsync("/sessions", Issuer, $$"""{"user_id":"{{user}}"{{more}}}""", headers);
        Assert.Equal(201, answer.Status);
        return (answer.Data.GetProperty("session_id").GetString()!, answer.Data.GetProperty("token").GetString()!);
    }

    public Task<Answer> ValidateAsync(string token, bool touch = false) =>
        PostAsync("/tokens/validate", Validator, $$"""{"token":"{{token}}","touch":{{(touch ? "true" : "false")}}}""");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        _node.Dispose();
    }
}

/// <summary>Keeps every line that anything in the host logs.</summary>
public sealed class CapturedLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
