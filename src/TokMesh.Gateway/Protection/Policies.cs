using Microsoft.AspNetCore.Authorization;
using TokMesh.Cluster.Meta;

namespace TokMesh.Gateway.Protection;

/// <summary>Who may call an endpoint, by the names that <c>RequireAuthorization</c> takes.</summary>
internal static class Policies
{
    /// <summary>Anyone for whom there is a place; no key.</summary>
    public const string Anyone = "TokMesh.Anyone";

    /// <summary>Any key.</summary>
    public const string AnyKey = "TokMesh.AnyKey";

    /// <summary>A page for administrators, in a browser.</summary>
    public const string Pages = "TokMesh.Pages";

    /// <summary>A key that may do what this role may.</summary>
    public static string Of(ApiRole role) => "TokMesh." + role;

    /// <summary>Adds all of them to the application's own.</summary>
    public static void Add(AuthorizationOptions options)
    {
        Add(Anyone, ApiKeyAuthentication.Scheme, new CallRequirement(NeedsKey: false, null));
        Add(AnyKey, ApiKeyAuthentication.Scheme, new CallRequirement(NeedsKey: true, null));
        foreach (var role in Enum.GetValues<ApiRole>()) Add(Of(role), ApiKeyAuthentication.Scheme, new CallRequirement(NeedsKey: true, role));
        Add(Pages, ApiKeyAuthentication.PageScheme, new CallRequirement(NeedsKey: true, ApiRole.Admin));

        void Add(string name, string scheme, CallRequirement requirement) =>
            options.AddPolicy(name, policy => policy.AddAuthenticationSchemes(scheme).AddRequirements(requirement));
    }
}
