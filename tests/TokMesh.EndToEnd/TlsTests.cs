using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace TokMesh.EndToEnd;

/// <summary>Silos that show each other certificates, and who does not get in without one.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-tls-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Silos_with_certificates_serve_and_who_shows_none_or_a_strange_one_is_not_heard()
    {
        using var ours = new Authority("ours");
        for (var n = 1; n <= 3; n++) ours.Issue(_folder, $"tmnd-e2e{n}");
        await using var cluster = await LocalCluster.StartAsync(3,
            $"--cluster.tls.cert-file={_folder}/{{id}}.pem", $"--cluster.tls.key-file={_folder}/{{id}}.key", $"--cluster.tls.client-ca-file={_folder}/ca.pem");
        var made = await cluster.CreateSessionAsync(cluster.Nodes[0], "alice");
        foreach (var node in cluster.Nodes) Assert.Equal(System.Net.HttpStatusCode.OK, await cluster.ValidateAsync(node, made.Token));

        using var theirs = new Authority("theirs");
        var strange = Directory.CreateDirectory(Path.Combine(_folder, "strange")).FullName;
        theirs.Issue(strange, "tmnd-e2e1");
        using var pem = X509Certificate2.CreateFromPemFile(Path.Combine(strange, "tmnd-e2e1.pem"), Path.Combine(strange, "tmnd-e2e1.key"));
        using var foreign = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        foreach (var address in (string[])[cluster.Nodes[0].Gateway, cluster.Nodes[0].Peer])
        {
            Assert.False(await IsHeardAsync(address, null), $"{address} hears who shows no certificate.");
            Assert.False(await IsHeardAsync(address, foreign), $"{address} hears who shows a certificate of another authority.");
            using var own = X509Certificate2.CreateFromPemFile(Path.Combine(_folder, "tmnd-e2e2.pem"), Path.Combine(_folder, "tmnd-e2e2.key"));
            using var known = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null);
            Assert.True(await IsHeardAsync(address, known, patienceSeconds: 2), $"{address} does not hear who shows a certificate of the cluster.");
        }
    }

    /// <summary>
    /// Whether the other side speaks after the handshake, or waits to be spoken to, instead of ending the connection: with TLS 1.3 a
    /// client learns of a refusal only when it reads.
    /// </summary>
    private static async Task<bool> IsHeardAsync(string address, X509Certificate2? certificate, int patienceSeconds = 20)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(patienceSeconds));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(System.Net.IPEndPoint.Parse(address), limit.Token);
        await using var tls = new SslStream(new NetworkStream(socket));
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "tokmesh-peer",
                ClientCertificates = certificate is null ? null : [certificate],
                // Who the server is does not matter here; that it shows something does.
                RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null,
            }, limit.Token);
            return await tls.ReadAsync(new byte[1], limit.Token) > 0;
        }
        catch (OperationCanceledException) when (tls.IsAuthenticated)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or AuthenticationException or SocketException)
        {
            return false;
        }
    }
}
