using System.Net;
using System.Text;

namespace TokMesh.Client.Tests;

/// <summary>Plays the server, one step per request, and keeps what was asked.</summary>
internal sealed class Script(params Func<CancellationToken, Task<HttpResponseMessage>>[] steps) : HttpMessageHandler
{
    private readonly Queue<Func<CancellationToken, Task<HttpResponseMessage>>> _steps = new(steps);

    public List<(string Method, Uri Address, string? Body)> Requests { get; } = [];

    public List<HttpRequestMessage> Messages { get; } = [];

    /// <summary>The connection cannot be made.</summary>
    public static Task<HttpResponseMessage> NeverConnected(CancellationToken cancel) => throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused");

    /// <summary>Making the connection takes too long, as the pool reports it.</summary>
    public static Task<HttpResponseMessage> SlowToConnect(CancellationToken cancel) => throw new TaskCanceledException("", new TimeoutException());

    /// <summary>The connection breaks before the answer comes.</summary>
    public static Task<HttpResponseMessage> Lost(CancellationToken cancel) => throw new HttpRequestException(HttpRequestError.ResponseEnded, "The response ended prematurely");

    /// <summary>No answer, ever.</summary>
    public static async Task<HttpResponseMessage> Silent(CancellationToken cancel)
    {
        await Task.Delay(Timeout.Infinite, cancel);
        throw new InvalidOperationException();
    }

    public static Func<CancellationToken, Task<HttpResponseMessage>> Ok(string data) =>
        Answer(HttpStatusCode.OK, $$"""{"code":"OK","message":"Success","request_id":"r","timestamp":1,"data":{{data}}}""");

    public static Func<CancellationToken, Task<HttpResponseMessage>> Refused(int status, string code, string details = "{}") =>
        Answer((HttpStatusCode)status, $$"""{"code":"{{code}}","message":"why","request_id":"r","timestamp":1,"details":{{details}}}""");

    public static Func<CancellationToken, Task<HttpResponseMessage>> NotExecuted() => Refused(503, "TM-CLST-5030", """{"outcome":"not_executed"}""");

    public static Func<CancellationToken, Task<HttpResponseMessage>> Unknown() => Refused(504, "TM-CLST-5040", """{"outcome":"unknown"}""");

    public static Func<CancellationToken, Task<HttpResponseMessage>> Answer(HttpStatusCode status, string body, string type = "application/json") => _ =>
        Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, type) });

    /// <summary>A client of one endpoint, or more, that talks to this.</summary>
    public HttpTokMeshClient Client(int endpoints = 1, Action<TokMeshClientOptions>? configure = null)
    {
        var options = new TokMeshClientOptions { ApiKey = "id:secret", CreateHandler = () => this };
        for (var n = 1; n <= endpoints; n++) options.Endpoints.Add(new Uri($"http://127.0.0.{n}:5080"));
        configure?.Invoke(options);
        return new HttpTokMeshClient(options);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
        Requests.Add((request.Method.Method, request.RequestUri!, body));
        Messages.Add(request);
        return await _steps.Dequeue()(cancellationToken);
    }
}
