using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;

namespace TokMesh.Client.AspNetCore;

/// <summary>Keeps Data Protection's keys in TokMesh.</summary>
public static class TokMeshDataProtectionExtensions
{
    /// <summary>
    /// Keeps the keys in TokMesh, so that processes of an application share them and need nothing else in common. All must set the same
    /// application name. TokMesh encrypts its files, but a reader of the key there has these keys: add a <c>ProtectKeysWith…</c> where
    /// that is too many.
    /// </summary>
    /// <param name="builder">The application's Data Protection.</param>
    /// <param name="key">The key to keep them under.</param>
    public static IDataProtectionBuilder PersistKeysToTokMesh(this IDataProtectionBuilder builder, string key = "aspnet/data-protection")
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        builder.Services.AddOptions<KeyManagementOptions>()
            .Configure<ITokMeshClient>((options, client) => options.XmlRepository = new TokMeshXmlRepository(client, key));
        return builder;
    }
}
