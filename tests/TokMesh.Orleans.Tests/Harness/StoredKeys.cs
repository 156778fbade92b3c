using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Orleans.Nodes;
using TokMesh.Orleans.Storage;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Orleans.Tests;

/// <summary>What is really stored of a grain.</summary>
internal static class StoredKeys
{
    /// <summary>The names, behind the head's own, of all keys of a state; an empty one for the head itself.</summary>
    public static async Task<List<string>> OfAsync(NodeAccess access, StateKeys keys)
    {
        var head = Encoding.ASCII.GetString(keys.Head);
        var names = new List<string>();
        ulong cursor = 0;
        do
        {
            var reply = await access.Store.ReadAsync(keys.Group, b => QueryForms.Scan(b, cursor, 1000), Consistency.Linearizable, access.Node.NowMs + 5000);
            Assert.True(reply.IsOk, reply.Detail);
            var reader = new ReplyReader(reply.Body.Span);
            reader.ScanPage(out cursor, out var count);
            for (var i = 0; i < count; i++)
            {
                var name = Encoding.ASCII.GetString(reader.NextName());
                if (name.StartsWith(head, StringComparison.Ordinal)) names.Add(name[head.Length..]);
            }
        }
        while (cursor != 0);
        return names;
    }

    public static StateKeys KeysOf(this OneSilo silo, GrainId grain, string state = "state") =>
        new(silo.Cluster.Options.ServiceId, OneSilo.Provider, grain, state, silo.Access.Node.Bootstrap.ShardCount);

    public static StateAccess AccessTo(this OneSilo silo, StateKeys keys) => new(silo.Access.Store, keys, silo.Access.Node.NowMs + 10_000);
}
