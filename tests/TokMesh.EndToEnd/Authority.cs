using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TokMesh.EndToEnd;

/// <summary>A certificate authority of a test, for a day.</summary>
internal sealed class Authority : IDisposable
{
    private readonly X509Certificate2 _own;

    public Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _own = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    /// <summary>Writes a certificate for the name and its key into <c>NAME.pem</c> and <c>NAME.key</c>, and this authority's own into <c>ca.pem</c>.</summary>
    public void Issue(string folder, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).Create(_own, _own.NotBefore, _own.NotAfter, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(Path.Combine(folder, name + ".pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, name + ".key"), key.ExportPkcs8PrivateKeyPem());
        WriteOwn(folder);
    }

    /// <summary>Writes this authority's own certificate into <c>ca.pem</c>.</summary>
    public void WriteOwn(string folder) => File.WriteAllText(Path.Combine(folder, "ca.pem"), _own.ExportCertificatePem());

    public void Dispose() => _own.Dispose();
}
