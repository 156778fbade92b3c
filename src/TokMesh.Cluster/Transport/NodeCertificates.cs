using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace TokMesh.Cluster.Transport;

/// <summary>
/// Mutual TLS between nodes: every node shows a certificate that the cluster's own authority signed and whose common name is its
/// node id. Nothing else is trusted, whatever the machine's trust store says.
/// </summary>
public sealed class NodeCertificates
{
    private readonly X509Certificate2Collection _authorities = [];

    /// <summary>Loads PEM files.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A file is not PEM, or key and certificate do not belong together.</exception>
    public NodeCertificates(string certificateFile, string keyFile, string authorityFile)
    {
        using var pem = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        // A certificate straight from PEM has an ephemeral key, which server authentication does not take on every platform.
        Own = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        _authorities.ImportFromPemFile(authorityFile);
    }

    /// <summary>This node's certificate with its key.</summary>
    public X509Certificate2 Own { get; }

    /// <summary>Judges the other side's certificate: null when it is good, else what is wrong with it.</summary>
    public string? Problem(X509Certificate? certificate)
    {
        if (certificate is null) return "it showed no certificate";
        using var copy = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        // What a stranger's certificate names is not fetched.
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (chain.Build(copy)) return null;
        return "its certificate is not of this cluster's authority: " + string.Join(", ", chain.ChainStatus.Select(s => s.Status));
    }

    /// <summary>The node id a certificate stands for.</summary>
    public static string? NodeIdOf(X509Certificate? certificate)
    {
        if (certificate is null) return null;
        using var copy = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return copy.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
    }

    /// <summary>For dialling another node.</summary>
    /// <param name="problem">Told what is wrong with the other side's certificate.</param>
    public SslClientAuthenticationOptions ForClient(Action<string> problem) => new()
    {
        TargetHost = "tokmesh-peer",
        ClientCertificates = [Own],
        RemoteCertificateValidationCallback = (_, certificate, _, _) => Accept(certificate, problem),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
    };

    /// <summary>Judges the other side's certificate, and tells what is wrong with it.</summary>
    public bool Accept(X509Certificate? certificate, Action<string> problem)
    {
        if (Problem(certificate) is not { } text) return true;
        problem(text);
        return false;
    }
}
