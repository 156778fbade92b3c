using Microsoft.Extensions.Logging;

namespace TokMesh.Gateway.FrontEnd;

/// <summary>Everything the front end logs. Never a body, a path, a secret, a token or a user id; request ids and key ids are public.</summary>
internal static partial class GatewayLog
{
    // The exception's message stays out: a framework's may quote what a client sent.
    [LoggerMessage(5001, LogLevel.Error, "Request {RequestId} to {Method} {Route} failed: {ExceptionType} {Stack}")]
    public static partial void RequestFailed(ILogger log, string requestId, string method, string route, string exceptionType, string? stack);

    [LoggerMessage(5002, LogLevel.Warning, "Request {RequestId} of key {KeyId} searched all {Shards} shards; {Total} sessions matched")]
    public static partial void FullScan(ILogger log, string requestId, string keyId, int shards, long total);

    [LoggerMessage(5003, LogLevel.Warning, "Request {RequestId}: authentication failed ({Code}) from {Address}")]
    public static partial void AuthenticationFailed(ILogger log, string requestId, string code, string address);

    [LoggerMessage(5004, LogLevel.Information, "API key {KeyId} with role {Role} was created by {Creator} (request {RequestId})")]
    public static partial void KeyCreated(ILogger log, string requestId, string keyId, string role, string creator);

    [LoggerMessage(5005, LogLevel.Information, "API key {KeyId} was set to {Status} by {Caller} (request {RequestId})")]
    public static partial void KeyStatusChanged(ILogger log, string requestId, string keyId, string status, string caller);
}
