using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using TokMesh.Cluster.Meta;
using TokMesh.Gateway.Json;
using TokMesh.Gateway.Protection;
using TokMesh.Gateway.Requests;

namespace TokMesh.Gateway.Endpoints;

/// <summary>What the front end's routes have in common.</summary>
internal static class Conventions
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];
    private static readonly OperationTraits QuickOnes = new() { IsQuick = true };
    private static readonly OperationTraits Other = new() { IsOpen = true, AnswersAlways = true };

    /// <summary>Maps a handler for GET, and for HEAD, which is answered without the body.</summary>
    public static RouteHandlerBuilder MapRead(this IEndpointRouteBuilder routes, string template, Delegate handler) => routes.MapMethods(template, Reading, handler);

    /// <summary>The endpoint computes for a few microseconds at most (<see cref="OperationTraits.IsQuick"/>).</summary>
    public static RouteHandlerBuilder IsQuick(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(QuickOnes);

    /// <summary>Only keys that may do what this role may reach the endpoint.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder endpoint, ApiRole role)
        where TBuilder : IEndpointConventionBuilder => endpoint.RequireAuthorization(Policies.Of(role));

    /// <summary>The operation reads a body.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint)
        where T : struct, IRequestBody<T> => endpoint.WithMetadata(new BodyDescription(typeof(T), T.IsOptional));

    /// <summary>A write: repeated requests are refused, and the anti-replay headers are asked of it where they are required.</summary>
    public static RouteHandlerBuilder RefusesRepeats(this RouteHandlerBuilder endpoint, bool mayBeRequired = true) => endpoint.AddEndpointFilter(new AntiReplayFilter(mayBeRequired));

    /// <summary>Answers all other methods of these paths by 405 in the envelope: the framework's own answer has none.</summary>
    /// <param name="routes">Where the paths are mapped.</param>
    /// <param name="allowed">The methods that they answer.</param>
    /// <param name="templates">The paths.</param>
    public static void MapOtherMethods(this IEndpointRouteBuilder routes, string allowed, params ReadOnlySpan<string> templates)
    {
        foreach (var template in templates)
            routes.Map(template, () => Refusal.NoSuchMethod(allowed)).RequireAuthorization(Policies.Anyone).WithMetadata(Other).ExcludeFromDescription();
    }

    /// <summary>Answers every path that nothing else takes by 404 in the envelope.</summary>
    public static void MapNoSuchPath(this IEndpointRouteBuilder routes) =>
        routes.MapFallback("{**path}", Refusal.NoSuchPath).RequireAuthorization(Policies.Anyone).WithMetadata(Other).ExcludeFromDescription();
}
