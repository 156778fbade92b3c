namespace TokMesh.Host.Tests;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("token tmtk_AbC-12_x ended", "token tmtk_***REDACTED*** ended")]
    [InlineData("tmak-01:tmas_secret", "tmak-01:tmas_***REDACTED***")]
    [InlineData("hash=tmth_0a, tmtk_b", "hash=tmth_***REDACTED***, tmtk_***REDACTED***")]
    public void Tokens_secrets_and_hashes_are_masked(string text, string masked) => Assert.Equal(masked, Redaction.Mask(text));

    [Theory]
    [InlineData("session tmss-01 of tmnd-a with key tmak-01")]
    [InlineData("nothing to hide")]
    [InlineData("")]
    public void Names_are_not(string text) => Assert.Equal(text, Redaction.Mask(text));
}
