using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using TokMesh.Cluster.Meta;
using TokMesh.Gateway.Protection;
using TokMesh.Gateway.Requests;

namespace TokMesh.Gateway.Endpoints;

/// <summary>A24: this node's figures for Prometheus, as OpenTelemetry's exporter writes them.</summary>
internal static class MetricsEndpoint
{
    private const string Path = "/metrics";
    private static readonly HttpMethodMetadata Reading = new([HttpMethods.Get, HttpMethods.Head]);

    public static void MapMetrics(this IEndpointRouteBuilder routes, bool needsKey)
    {
        routes.MapPrometheusScrapingEndpoint(Path)
            .RequireAuthorization(needsKey ? Policies.Of(ApiRole.Metrics) : Policies.Anyone)
            .WithMetadata(Reading, new OperationTraits { IsOpen = !needsKey, HasBareErrors = true, AnswersAlways = true })
            .Add(static endpoint =>
            {
                var exporter = endpoint.RequestDelegate!;
                endpoint.RequestDelegate = http => ScrapeAsync(Exchange.Of(http), exporter);
            });
        routes.MapOtherMethods("GET, HEAD", Path);
    }

    private static async Task ScrapeAsync(Exchange exchange, RequestDelegate exporter)
    {
        // The gauges read it while the exporter collects, which cannot wait for the lanes without holding a thread.
        await exchange.FrontEnd.Survey.TakeAsync();
        await exchange.SendAsync(exporter);
    }
}
