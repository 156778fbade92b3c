using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace TokMesh.Gateway.Telemetry;

/// <summary>
/// How figures and spans leave the process: by Prometheus' exporter, and by OTLP where an endpoint for it is configured as OpenTelemetry's
/// specification says (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, and the other variables of that name).
/// </summary>
internal static class GatewayTelemetry
{
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string All = "TokMesh.*";

    public static void Add(IServiceCollection services)
    {
        var hasOtlp = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(OtlpEndpoint));
        var telemetry = services.AddOpenTelemetry().WithMetrics(metrics =>
        {
            metrics.AddMeter(All).ConfigureServices(static s => s.ConfigureOpenTelemetryMeterProvider(static (provider, m) => OnlyOwn(m, provider.GetRequiredService<IMeterFactory>())));
            metrics.AddPrometheusExporter(static exporter =>
            {
                // Names, labels and figures are the contract's: nothing is added, and nothing is older than the request.
                exporter.ScopeInfoEnabled = false;
                exporter.TargetInfoEnabled = false;
                exporter.ScrapeResponseCacheDurationMilliseconds = 0;
            });
            if (hasOtlp) metrics.AddOtlpExporter();
        });
        if (hasOtlp) telemetry.WithTracing(static traces => traces.AddSource(All).AddOtlpExporter());
    }

    // There may be other hosts in the process, whose meters have the same names.
    private static void OnlyOwn(MeterProviderBuilder metrics, IMeterFactory own) =>
        metrics.AddView(i => i.Meter.Name.StartsWith("TokMesh.", StringComparison.Ordinal) && i.Meter.Scope != own ? MetricStreamConfiguration.Drop : null);
}
