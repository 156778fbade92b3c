using Microsoft.Extensions.Options;

namespace TokMesh.Client;

/// <summary>Names every problem of the options at once. The API key never gets into a message.</summary>
internal sealed class TokMeshClientOptionsValidator : IValidateOptions<TokMeshClientOptions>
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    public static IReadOnlyList<string> Problems(TokMeshClientOptions options)
    {
        var problems = new List<string>();
        if (options.Endpoints.Count == 0) problems.Add("Endpoints: none is given; name at least one node, such as https://tokmesh.example:5443.");
        foreach (var endpoint in options.Endpoints) CheckEndpoint(endpoint, options.AllowPlaintext, problems);
        var colon = options.ApiKey.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1 || colon == options.ApiKey.Length - 1 || options.ApiKey.AsSpan().ContainsAnyExceptInRange('!', '~'))
            problems.Add("ApiKey: must be a key's id and secret with a colon between them.");
        CheckSpan(nameof(options.Deadline), options.Deadline, problems);
        CheckSpan(nameof(options.AttemptTimeout), options.AttemptTimeout, problems);
        CheckSpan(nameof(options.ConnectTimeout), options.ConnectTimeout, problems);
        return problems;
    }

    public ValidateOptionsResult Validate(string? name, TokMeshClientOptions options)
    {
        var problems = Problems(options);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems.Select(p => "TokMesh client: " + p));
    }

    private static void CheckEndpoint(Uri endpoint, bool allowPlaintext, List<string> problems)
    {
        if (!endpoint.IsAbsoluteUri || (endpoint.Scheme != Uri.UriSchemeHttp && endpoint.Scheme != Uri.UriSchemeHttps))
            problems.Add("Endpoints: every one must be an absolute http or https address.");
        else if (endpoint.UserInfo.Length > 0 || endpoint.Query.Length > 0 || endpoint.Fragment.Length > 0)
            problems.Add($"Endpoints: {endpoint.Host} must have no user, query or fragment.");
        else if (endpoint.Scheme == Uri.UriSchemeHttp && !endpoint.IsLoopback && !allowPlaintext)
            problems.Add($"Endpoints: {endpoint.Host} would get the API key in the clear; use https, or set AllowPlaintext.");
    }

    private static void CheckSpan(string name, TimeSpan value, List<string> problems)
    {
        if (value < TimeSpan.FromMilliseconds(1) || value > Longest) problems.Add($"{name}: is {value}; allowed is 1 ms to {Longest}.");
    }
}
