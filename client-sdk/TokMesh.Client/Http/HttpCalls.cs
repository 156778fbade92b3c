using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;

namespace TokMesh.Client;

/// <summary>Reads what a call expected among the refusals; false when it did not expect this one.</summary>
internal delegate bool ExpectedRefusal<T>(in HttpAnswer answer, out T value);

/// <summary>Sends calls to the endpoints.</summary>
internal sealed class HttpCalls : IDisposable
{
    private const long MaxAnswerBytes = 128L << 20;
    private readonly HttpClient _http;
    private readonly EndpointRing _ring;
    private readonly AttemptLoop _loop;
    private readonly TimeProvider _time;
    private readonly string _authorization;
    private readonly TimeSpan _deadline;
    private readonly Consistency _consistency;
    private readonly bool _antiReplay;

    public HttpCalls(TokMeshClientOptions options, TimeProvider time)
    {
        _time = time;
        _ring = new EndpointRing(options.Endpoints, time);
        _loop = new AttemptLoop(options.AttemptTimeout, _ring.Count, time);
        _authorization = "Bearer " + options.ApiKey;
        _deadline = options.Deadline;
        _consistency = options.Consistency;
        _antiReplay = options.AntiReplayHeaders;
        _http = new HttpClient(options.CreateHandler?.Invoke() ?? new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            // So that a name that leads elsewhere now is noticed.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            // The API key goes to the endpoints that were named, and nowhere else.
            AllowAutoRedirect = false,
            UseCookies = false,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The answer to a call.</summary>
    /// <param name="plan">The call.</param>
    /// <param name="options">Its options.</param>
    /// <param name="read">Reads the data of a success.</param>
    /// <param name="expected">Reads refusals that are answers to this call; null when there are none.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public Task<T> RunAsync<T>(HttpRequestPlan plan, CallOptions? options, Func<JsonElement, T> read, ExpectedRefusal<T>? expected, CancellationToken cancel) =>
        _loop.RunAsync(plan.Effect, options?.Deadline ?? _deadline, (_, limit) => OnceAsync(plan, options?.Consistency ?? _consistency, read, expected, limit, cancel), cancel);

    private async Task<Attempt<T>> OnceAsync<T>(HttpRequestPlan plan, Consistency consistency, Func<JsonElement, T> read, ExpectedRefusal<T>? expected,
        CancellationToken limit, CancellationToken cancel)
    {
        var place = _ring.Next();
        try
        {
            using var request = plan.ToMessage(_ring[place], consistency);
            request.Headers.TryAddWithoutValidation("Authorization", _authorization);
            if (_antiReplay) AddAntiReplay(request);
            using var response = await _http.SendAsync(request, limit).ConfigureAwait(false);
            var bytes = await response.Content.ReadAsByteArrayAsync(limit).ConfigureAwait(false);
            _ring.Answered(place);
            return Read(response, bytes, read, expected);
        }
        catch (HttpRequestException e)
        {
            _ring.Failed(place);
            return Attempt<T>.Failed(NeverConnected(e) ? NoConnection(place, e) : Lost(place, e));
        }
        catch (IOException e)
        {
            _ring.Failed(place);
            return Attempt<T>.Failed(Lost(place, e));
        }
        // The pool reports a connection that takes too long to make as a cancellation, though nobody has canceled.
        catch (OperationCanceledException e) when (!limit.IsCancellationRequested && e.InnerException is TimeoutException)
        {
            _ring.Failed(place);
            return Attempt<T>.Failed(NoConnection(place, e));
        }
        // A caller who no longer waits says nothing about the endpoint.
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            _ring.Failed(place);
            throw;
        }
    }

    private static Attempt<T> Read<T>(HttpResponseMessage response, byte[] bytes, Func<JsonElement, T> read, ExpectedRefusal<T>? expected)
    {
        try
        {
            using var body = JsonDocument.Parse(bytes);
            if (HttpAnswer.TryRead(response, body, out var answer))
            {
                if (answer.IsOk) return Attempt<T>.Done(read(answer.Data));
                return expected is not null && expected(answer, out var value)
                    ? Attempt<T>.Done(value)
                    : Attempt<T>.Failed(answer.ToException(), answer.RetryAfter);
            }
        }
        // The message of the parser may quote the answer: it stays out.
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
        }
        var outcome = response.StatusCode is >= HttpStatusCode.MultipleChoices and < HttpStatusCode.InternalServerError
            ? TokMeshOutcome.Refused
            : TokMeshOutcome.Unknown;
        return Attempt<T>.Failed(new TokMeshException(TokMeshErrorCode.Internal,
            $"The answer, with status {(int)response.StatusCode}, is not one of TokMesh. Look whether the endpoints are right, and what stands before them.", outcome));
    }

    // All of these are found before the first byte of the request could be sent.
    private static bool NeverConnected(HttpRequestException e) => e.HttpRequestError is HttpRequestError.ConnectionError
        or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;

    private TokMeshException NoConnection(int place, Exception e) => new(TokMeshErrorCode.NoNode,
        $"No connection to {_ring[place].Authority} could be made; nothing happened. Look whether the nodes run and can be reached.", TokMeshOutcome.NotExecuted, e);

    private TokMeshException Lost(int place, Exception e) => new(TokMeshErrorCode.Timeout,
        $"The connection to {_ring[place].Authority} broke before the answer came: it may have happened. Read before you repeat a write.", TokMeshOutcome.Unknown, e);

    private void AddAntiReplay(HttpRequestMessage request)
    {
        request.Headers.TryAddWithoutValidation("X-Timestamp", _time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("X-Nonce", RandomNumberGenerator.GetHexString(32));
    }
}
