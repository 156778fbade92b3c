using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TokMesh.Cluster.Transport;

namespace TokMesh.Orleans.Tests.Harness;

/// <summary>A certificate authority of a test, writing PEM files into a folder of its own.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _root;
    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-ca-").FullName;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(File_("ca.pem"), _root.ExportCertificatePem());
    }

    public NodeCertificates For(string nodeId, TestAuthority? trusting = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={nodeId}", key, HashAlgorithmName.SHA256);
        using var certificate = request.Create(_root, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(12), RandomNumberGenerator.GetBytes(8));
        var name = Guid.NewGuid().ToString("n");
        File.WriteAllText(File_(name + ".pem"), certificate.ExportCertificatePem());
        File.WriteAllText(File_(name + ".key"), key.ExportPkcs8PrivateKeyPem());
        return new NodeCertificates(File_(name + ".pem"), File_(name + ".key"), (trusting ?? this).File_("ca.pem"));
    }

    public void Dispose()
    {
        _root.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string File_(string name) => Path.Combine(_folder, name);
}
