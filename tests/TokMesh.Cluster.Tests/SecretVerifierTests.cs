using TokMesh.Cluster.Auth;

namespace TokMesh.Cluster.Tests;

public sealed class SecretVerifierTests
{
    private const string Secret = "tmas_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf";

    [Fact]
    public void A_verifier_is_a_PHC_string_with_unpadded_salt_and_hash()
    {
        var verifier = SecretVerifier.Make(Secret, Randomness.Of(1));
        Assert.Matches(@"^\$pbkdf2-sha256\$i=10000\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$", verifier);
    }

    [Fact]
    public void Only_its_own_secret_fits()
    {
        var verifier = SecretVerifier.Make(Secret, Randomness.Of(1));
        Assert.True(SecretVerifier.Verify(Secret, verifier));
        Assert.False(SecretVerifier.Verify(Secret[..^1] + "g", verifier));
        Assert.False(SecretVerifier.Verify("", verifier));
    }

    [Fact]
    public void Two_verifiers_of_one_secret_differ_in_salt_and_hash()
    {
        var one = SecretVerifier.Make(Secret, Randomness.Of(1)).Split('$');
        var other = SecretVerifier.Make(Secret, Randomness.Of(2)).Split('$');
        Assert.NotEqual(one[3], other[3]);
        Assert.NotEqual(one[4], other[4]);
    }

    // PBKDF2-HMAC-SHA-256 of "passwd" and "salt", one iteration: RFC 7914, section 11, cut to 32 bytes.
    [Fact]
    public void The_stored_parameters_are_the_ones_used() =>
        Assert.True(SecretVerifier.Verify("passwd", "$pbkdf2-sha256$i=1$c2FsdA$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw"));

    [Theory]
    [InlineData("")]
    [InlineData("$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g")]
    [InlineData("$pbkdf2-sha256$i=0$c2FsdA$VawE")]
    [InlineData("$pbkdf2-sha256$i=-1$c2FsdA$VawE")]
    [InlineData("$pbkdf2-sha256$c2FsdA$VawE")]
    [InlineData("pbkdf2-sha256$i=1$c2FsdA$VawE")]
    [InlineData("$pbkdf2-sha256$i=1$c2FsdA$")]
    [InlineData("$pbkdf2-sha256$i=1$?$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw")]
    public void A_form_this_version_does_not_know_fits_nothing(string verifier) => Assert.False(SecretVerifier.Verify(Secret, verifier));
}
