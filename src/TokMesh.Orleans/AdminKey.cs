using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Starts;
using TokMesh.Log.Disks;
using TokMesh.State.Ids;
using TokMesh.State.Replies;

namespace TokMesh.Orleans;

/// <summary>
/// The first admin key of a new cluster: drawn by its first node, kept in <c>admin.key</c> of that node's data directory with mode
/// 0600, and put into meta. The file is written before meta hears of the key, so a crash in between loses nothing; once meta has
/// any key, none is ever made again.
/// </summary>
internal static class AdminKey
{
    public const string FileName = "admin.key";

    public static async Task EnsureAsync(Node node, IDisk disk, IClock clock, CancellationToken cancel)
    {
        var store = new StoreClient(node);
        while (!cancel.IsCancellationRequested)
        {
            var listed = await store.ReadAsync(0, static b => b.Write(MetaOps.ListApiKeys()), Consistency.Linearizable, node.NowMs + 5000).AsTask().WaitAsync(cancel);
            if (!listed.IsOk) continue;
            if (MetaOps.ReadApiKeys(new ReplyReader(listed.Body.Span).Bulk()).Count > 0) return;
            var credential = LoadOrDraw(disk, clock);
            var colon = credential.IndexOf(':');
            var key = new ApiKey
            {
                KeyId = credential[..colon],
                Verifier = SecretVerifier.Make(credential[(colon + 1)..], RandomNumberGenerator.Fill),
                Role = ApiRole.Admin,
                Description = "made when the cluster began",
                CreatedAtMs = clock.WallMs,
                CreatedBy = "system",
            };
            await store.WriteAsync(0, b => b.Write(MetaOps.PutApiKey(key)), node.NowMs + 5000).AsTask().WaitAsync(cancel);
        }
    }

    private static string LoadOrDraw(IDisk disk, IClock clock)
    {
        if (disk.Exists(FileName)) return Encoding.ASCII.GetString(StoredFile.Read(disk, FileName)).Trim();
        var id = new ApiKeyId(Ulid.Of(clock.WallMs, RandomNumberGenerator.GetBytes(10)));
        var credential = $"{id}:{ApiSecret.Format(RandomNumberGenerator.GetBytes(32))}";
        StoredFile.Write(disk, FileName, Encoding.ASCII.GetBytes(credential + "\n"));
        return credential;
    }
}
