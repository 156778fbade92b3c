namespace TokMesh.Launcher;

/// <summary>What <c>up</c> tells its user once the cluster serves: where everything is, and what to try.</summary>
internal sealed class Announcement(Options options, ClusterFile cluster)
{
    private string File => Path.Combine(options.Data, ClusterFile.Name);

    public void Write(TimeSpan took, bool isNew)
    {
        var first = cluster.Nodes[0];
        var (host, port) = Split(first.Redis);
        Console.WriteLine($"""

            TokMesh serves after {took.TotalSeconds:F1} s.  Data: {options.Data}

              node            HTTP                     Redis
            """);
        foreach (var node in cluster.Nodes) Console.WriteLine($"  {node.Id,-15} http://{node.Http,-17} {node.Redis}");
        Console.WriteLine();
        Console.WriteLine($"  Orleans clients connect to {string.Join(", ", cluster.Nodes.Select(n => n.Gateway))},\n  with the secret in {Path.Combine(first.Data, "client.secret")}.\n");
        if (isNew) Console.WriteLine($"  Admin key (kept in {File}, shown once):\n    {cluster.AdminKey}\n");
        else Console.WriteLine($"  The admin key is in {File}.\n");
        var key = isNew ? cluster.AdminKey : "$KEY";
        var colon = key.IndexOf(':');
        var (id, secret) = colon < 0 ? ("${KEY%%:*}", "${KEY#*:}") : (key[..colon], key[(colon + 1)..]);
        if (!isNew) Console.WriteLine($"  KEY=$(sed -n 's/.*\"admin_key\": \"\\(.*\\)\".*/\\1/p' {ShellWord.Of(File)})\n");
        Console.WriteLine($$$"""
              Try:
                # create a session on one node
                curl -s -H 'Authorization: Bearer {{{key}}}' -d '{"user_id":"alice","ttl_seconds":3600}' http://{{{first.Http}}}/sessions
                # see it on another
                curl -s -H 'Authorization: Bearer {{{key}}}' 'http://{{{cluster.Nodes[^1].Http}}}/sessions?user_id=alice'
                # a key over the Redis protocol
                redis-cli -h {{{host}}} -p {{{port}}} --user {{{id}}} --pass {{{secret}}} --no-auth-warning SET greeting hello
                # the HTTP API, to read and to try, in a browser
                http://{{{first.Http}}}/docs
                # the silos and their grains: the Orleans dashboard, in a browser
                http://{{{first.Http}}}/dashboard

            """.Replace(isNew ? "\0" : "'Authorization: Bearer $KEY'", isNew ? "\0" : "\"Authorization: Bearer $KEY\"", StringComparison.Ordinal));
        Console.WriteLine(options.Detach ? $"  Stop it: ./tokmesh down --data {ShellWord.Of(options.Data)}" : "  Ctrl-C stops it.");
    }

    private static (string Host, string Port) Split(string address) => (address[..address.LastIndexOf(':')], address[(address.LastIndexOf(':') + 1)..]);
}
