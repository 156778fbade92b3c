using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Scalar.AspNetCore;
using TokMesh.Gateway.Requests;

namespace TokMesh.Gateway.Description;

/// <summary>The API's description (OpenAPI 3.1) and the page that shows it. Both are open: they hold nothing but what this repository says.</summary>
internal static class ApiDescription
{
    private const string Document = "tokmesh";
    private const string KeyScheme = "key";
    private const string ErrorResponse = "default";

    public static void Add(IServiceCollection services) => services.AddOpenApi(Document, static options =>
    {
        // An application's own endpoints are not for this document to tell of.
        options.ShouldInclude = static d => d.HttpMethod != HttpMethods.Head && d.ActionDescriptor.EndpointMetadata.OfType<OperationTraits>().LastOrDefault() is { IsPage: false };
        options.AddDocumentTransformer(Introduce);
        options.AddOperationTransformer(Complete);
        options.AddSchemaTransformer(Count);
    });

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi("/openapi/{documentName}.json").ExcludeFromDescription();
        routes.MapScalarApiReference("/docs", static page => page.WithTitle("TokMesh").AddDocument(Document).DisableTelemetry()).ExcludeFromDescription();
    }

    private static Task Introduce(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancel)
    {
        document.Info = new OpenApiInfo
        {
            Title = "TokMesh",
            Version = "v1",
            Description = "Sessions, tokens and keys, replicated: what is acknowledged is on a majority of disks, and a revoked token is dead on every node when the call returns.",
        };
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[KeyScheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "key_id:secret",
            Description = "An API key, as Authorization: Bearer key_id:secret; X-API-Key takes the same.",
        };
        foreach (var schema in document.Components.Schemas?.Values.OfType<OpenApiSchema>() ?? []) Name(schema);
        return Task.CompletedTask;
    }

    private static async Task Complete(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancel)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Parameters ??= [];
        foreach (var name in Names(context.Description.RelativePath ?? "")) operation.Parameters.Add(Text(name, ParameterLocation.Path));
        foreach (var name in metadata.OfType<QueryParameters>().LastOrDefault()?.Names ?? []) operation.Parameters.Add(Text(name, ParameterLocation.Query));
        if (metadata.OfType<BodyDescription>().LastOrDefault() is { } body)
            operation.RequestBody = new OpenApiRequestBody { Required = !body.IsOptional, Content = await JsonAsync(body.Type) };
        operation.Responses ??= [];
        operation.Responses[ErrorResponse] = new OpenApiResponse { Description = "Refused or failed: see the code.", Content = await JsonAsync(typeof(ErrorEnvelope)) };
        if (!metadata.OfType<OperationTraits>().Last().IsOpen)
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, context.Document)] = [] }];

        async Task<Dictionary<string, OpenApiMediaType>> JsonAsync(Type type)
        {
            context.Document!.AddComponent(type.Name, await context.GetOrCreateSchemaAsync(type, null, cancel));
            return new() { ["application/json"] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(type.Name, context.Document) } };
        }
    }

    /// <summary>Numbers are numbers here: that the framework would also read them from strings does not matter.</summary>
    private static Task Count(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancel)
    {
        if (schema.Type is not { } type || (type & (JsonSchemaType.Integer | JsonSchemaType.Number)) == 0) return Task.CompletedTask;
        (schema.Type, schema.Pattern) = (type & ~JsonSchemaType.String, null);
        return Task.CompletedTask;
    }

    private static void Name(OpenApiSchema schema)
    {
        schema.Properties = schema.Properties?.ToDictionary(static p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Key), static p => p.Value);
        schema.Required = schema.Required?.Select(JsonNamingPolicy.SnakeCaseLower.ConvertName).ToHashSet();
    }

    /// <summary>The variable parts of a path template.</summary>
    private static IEnumerable<string> Names(string template) => template.Split('{').Skip(1).Select(static part => part[..part.IndexOf('}')]);

    private static OpenApiParameter Text(string name, ParameterLocation place) =>
        new() { Name = name, In = place, Required = place == ParameterLocation.Path, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
}
