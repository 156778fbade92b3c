using TokMesh.Cluster.Auth;

namespace TokMesh.Cluster.Tests;

public sealed class ApiSecretTests
{
    private static readonly byte[] Counting = [.. Enumerable.Range(0, 32).Select(static i => (byte)i)];

    [Fact]
    public void Annex_C_vectors_hold()
    {
        Assert.Equal("tmas_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf", ApiSecret.Format(Counting));
        var ones = new byte[32];
        Array.Fill(ones, (byte)0xff);
        Assert.Equal("tmas_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1", ApiSecret.Format(ones));
    }

    [Fact]
    public void A_secret_is_43_base62_characters()
    {
        Assert.True(ApiSecret.IsWellFormed(ApiSecret.Format(Counting)));
        Assert.False(ApiSecret.IsWellFormed("tmas_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDl-"));
        Assert.False(ApiSecret.IsWellFormed("tmas_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDl"));
    }
}
