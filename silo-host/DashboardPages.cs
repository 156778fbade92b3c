using System.Diagnostics;
using Orleans.Dashboard;

namespace TokMesh.Host;

/// <summary>The Orleans Dashboard: served by the HTTP door, out of the silo's own services.</summary>
internal static class DashboardPages
{
    public const string Path = "/dashboard";

    /// <summary>What the silo's services must have for it.</summary>
    public static void AddServices(IServiceCollection services)
    {
        services.AddRouting();
        var diagnostics = new DiagnosticListener("Microsoft.AspNetCore");
        services.AddSingleton(diagnostics);
        services.AddSingleton<DiagnosticSource>(diagnostics);
    }

    /// <summary>The pages, for requests whose path begins with <see cref="Path"/>.</summary>
    public static RequestDelegate Of(IServiceProvider silo)
    {
        var pages = new ApplicationBuilder(silo);
        pages.UseRouting();
        pages.UseEndpoints(static endpoints => endpoints.MapOrleansDashboard(Path));
        var serve = pages.Build();
        return async http =>
        {
            var outside = http.RequestServices;
            await using var scope = silo.CreateAsyncScope();
            http.RequestServices = scope.ServiceProvider;
            // The door's own choice of an endpoint is over: the pages choose among theirs.
            http.SetEndpoint(null);
            http.Request.RouteValues.Clear();
            try
            {
                await serve(http);
            }
            finally
            {
                http.RequestServices = outside;
            }
        };
    }
}
