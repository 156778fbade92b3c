using TokMesh.State.Ids;

namespace TokMesh.State.Tests;

public class IdTests
{
    private static readonly byte[] Counting = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Annex_C_vectors_hold()
    {
        const string token = "tmtk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        Assert.Equal(token, TokenRules.Format(Counting));
        Assert.Equal("tmth_b1472db066c29ce8bd73df5452ab8ec72e456a11dab3178a9d8d970b793a25bd", TokenHash.OfToken(token).ToText());
        Assert.True(SessionId.TryParse("tmss-01kcnxr35v2t8htzb9y878q677", out var id));
        Assert.Equal(DateTimeOffset.Parse("2025-12-17T10:30:00.123Z").ToUnixTimeMilliseconds(), id.Ulid.UnixMs);
    }

    [Theory]
    [InlineData("tmss-01kcnxr35v2t8htzb9y878q677", true)]
    [InlineData("TMSS-01KCNXR35V2T8HTZB9Y878Q677", true)]
    [InlineData("tmss-81kcnxr35v2t8htzb9y878q677", false)]
    [InlineData("tmss-0ikcnxr35v2t8htzb9y878q677", false)]
    [InlineData("tmss-0Ukcnxr35v2t8htzb9y878q677", false)]
    [InlineData("tmss-01kcnxr35v2t8htzb9y878q67", false)]
    [InlineData("tmak-01kcnxr35v2t8htzb9y878q677", false)]
    [InlineData("tmss_01kcnxr35v2t8htzb9y878q677", false)]
    [InlineData("", false)]
    public void A_session_id_is_read_in_any_case_and_written_in_lowercase(string text, bool valid)
    {
        Assert.Equal(valid, SessionId.TryParse(text, out var id));
        Assert.Equal(valid, SessionId.TryParse(TestShard.U(text), out var fromBytes));
        if (!valid)
            return;
        Assert.Equal(text.ToLowerInvariant(), id.ToString());
        Assert.Equal(id, fromBytes);
        var written = new byte[SessionId.TextLength];
        id.Format(written);
        Assert.Equal(TestShard.U(text.ToLowerInvariant()), written);
    }

    [Fact]
    public void Bytes_above_ascii_are_no_id()
    {
        var text = TestShard.U("tmss-01kcnxr35v2t8htzb9y878q677");
        text[9] = 0xE9;
        Assert.False(SessionId.TryParse(text, out _));
    }

    [Fact]
    public void An_api_key_id_has_its_own_prefix()
    {
        Assert.True(ApiKeyId.TryParse("TMAK-01kcnxr35w74x1hx85s8rp3pje", out var id));
        Assert.Equal("tmak-01kcnxr35w74x1hx85s8rp3pje", id.ToString());
        Assert.False(ApiKeyId.TryParse("tmss-01kcnxr35w74x1hx85s8rp3pje", out _));
    }

    [Fact]
    public void A_ulid_is_its_time_and_its_random_part()
    {
        var ulid = Ulid.Of(1765967400123, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        Assert.Equal(1765967400123, ulid.UnixMs);
        Assert.True(Ulid.TryParse(ulid.ToString(), out var back));
        Assert.Equal(ulid, back);
        Assert.True(ulid.CompareTo(Ulid.Of(1765967400124, new byte[10])) < 0);
        Assert.True(string.CompareOrdinal(ulid.ToString(), Ulid.Of(1765967400124, new byte[10]).ToString()) < 0);
    }

    [Theory]
    [InlineData("tmtk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", true)]
    [InlineData("tmtk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh", false)]
    [InlineData("tmtk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+", false)]
    [InlineData("tmtk_", false)]
    [InlineData("TMTK_", true)]
    [InlineData("eyJhbGciOi.J9.x-y_z~!", true)]
    [InlineData("a b", false)]
    [InlineData("a\tb", false)]
    [InlineData("é", false)]
    [InlineData("", false)]
    public void A_token_is_a_whole_generated_one_or_printable_ascii(string token, bool valid)
        => Assert.Equal(valid, TokenRules.IsWellFormed(token));

    [Fact]
    public void A_token_of_the_client_has_at_most_1023_bytes()
    {
        Assert.True(TokenRules.IsWellFormed(new string('x', 1023)));
        Assert.False(TokenRules.IsWellFormed(new string('x', 1024)));
    }

    [Fact]
    public void A_token_hash_reads_any_case_and_hides_itself_in_logs()
    {
        var hash = TokenHash.OfToken("abc");
        Assert.True(TokenHash.TryParse(hash.ToText().ToUpperInvariant(), out var back));
        Assert.Equal(hash, back);
        Assert.Equal("tmth_***", $"{hash}");
        Assert.False(TokenHash.TryParse(hash.ToText().AsSpan(0, 68), out _));
        Assert.False(TokenHash.TryParse(hash.ToText().Remove(68) + "g", out _));
    }
}
