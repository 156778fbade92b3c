using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace TokMesh.Peer;

/// <summary>Mutual TLS for the listening side.</summary>
public static class PeerTls
{
    /// <summary>Demands and judges the other node's certificate on every connection.</summary>
    public static void UseMutualTls(this PeerEngine engine, ListenOptions listen)
    {
        var certificates = engine.Options.Certificates ?? throw new InvalidOperationException("No certificates are configured.");
        listen.UseHttps(https =>
        {
            https.ServerCertificate = certificates.Own;
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.CheckCertificateRevocation = false;
            https.ClientCertificateValidation = (certificate, _, _) =>
                certificates.Accept(certificate, problem => engine.Log.RefusedPeer("unknown", "TM-CFG-1007", $"A TLS connection was refused: {problem}."));
        });
    }
}
