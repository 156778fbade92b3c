using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Meta;
using TokMesh.State.Errors;
using TokMesh.State.Ids;

namespace TokMesh.Cluster.Tests;

public sealed class AuthenticatorTests
{
    private const string KeyId = "tmak-01kcnxr35w74x1hx85s8rp3pje";
    private const string Secret = "tmas_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf";
    private static readonly string OtherSecret = Secret[..^1] + "g";
    private static readonly string Verifier = SecretVerifier.Make(Secret, Randomness.Of(1));

    private long _now = 1_000_000;
    private MetaView? _meta = With(Key());

    [Fact]
    public void A_key_with_its_secret_is_let_in()
    {
        var identity = New().Authenticate($"{KeyId}:{Secret}");
        Assert.Equal(ErrorCode.None, identity.Error);
        Assert.Equal(KeyId, identity.Key!.KeyId);
        Assert.Equal(KeyId, identity.Id.ToString());
    }

    [Fact]
    public void A_key_id_is_read_in_any_case() =>
        Assert.Equal(ErrorCode.None, New().Authenticate(KeyId.ToUpperInvariant(), Secret).Error);

    [Theory]
    [InlineData("no colon", ErrorCode.AuthMissing)]
    [InlineData(":", ErrorCode.AuthInvalid)]
    [InlineData(KeyId + ":short", ErrorCode.AuthInvalid)]
    [InlineData("tmak-01kcnxr35w74x1hx85s8rp3pjf:" + Secret, ErrorCode.AuthInvalid)]
    public void What_is_no_known_credential_is_refused(string credential, ErrorCode error)
    {
        var identity = New().Authenticate(credential);
        Assert.Equal(error, identity.Error);
        Assert.Null(identity.Key);
        Assert.False(identity.May(ApiRole.Metrics));
    }

    [Fact]
    public void A_wrong_secret_is_refused_and_never_remembered()
    {
        var authenticator = New();
        for (var i = 0; i < 3; i++) Assert.Equal(ErrorCode.AuthInvalid, authenticator.Authenticate(KeyId, OtherSecret).Error);
        Assert.Equal((0, 3), (authenticator.Hits, authenticator.Misses));
    }

    [Fact]
    public void A_verdict_is_remembered_for_its_lifetime_only()
    {
        var authenticator = New();
        authenticator.Authenticate(KeyId, Secret);
        authenticator.Authenticate(KeyId, Secret);
        Assert.Equal((1, 1), (authenticator.Hits, authenticator.Misses));
        _now += 59_999;
        authenticator.Authenticate(KeyId, Secret);
        Assert.Equal((2, 1), (authenticator.Hits, authenticator.Misses));
        _now++;
        Assert.Equal(ErrorCode.None, authenticator.Authenticate(KeyId, Secret).Error);
        Assert.Equal((2, 2), (authenticator.Hits, authenticator.Misses));
    }

    [Fact]
    public void Without_computing_only_what_is_remembered_or_plainly_wrong_is_decided()
    {
        var authenticator = New();
        Assert.False(authenticator.TryAuthenticate(KeyId, Secret, out _));
        Assert.True(authenticator.TryAuthenticate(KeyId, "no secret", out var wrong));
        Assert.Equal(ErrorCode.AuthInvalid, wrong.Error);
        Assert.Equal((0, 0), (authenticator.Hits, authenticator.Misses));
        authenticator.Authenticate(KeyId, Secret);
        Assert.True(authenticator.TryAuthenticate(KeyId, Secret, out var remembered));
        Assert.NotNull(remembered.Key);
        Assert.False(authenticator.TryAuthenticate(KeyId, OtherSecret, out _));
        _now += 60_000;
        Assert.False(authenticator.TryAuthenticate(KeyId, Secret, out _));
    }

    [Fact]
    public void A_secret_was_right_lately_until_a_minute_after_its_verdict_ended()
    {
        var authenticator = New();
        Assert.False(authenticator.WasRight(KeyId, Secret));
        authenticator.Authenticate(KeyId, Secret);
        authenticator.Authenticate(KeyId, OtherSecret);
        Assert.True(authenticator.WasRight(KeyId, Secret));
        Assert.False(authenticator.WasRight(KeyId, OtherSecret));
        Assert.False(authenticator.WasRight("nonsense", Secret));
        _now += 119_999;
        Assert.True(authenticator.WasRight(KeyId, Secret));
        _now++;
        Assert.False(authenticator.WasRight(KeyId, Secret));
    }

    [Fact]
    public void A_remembered_secret_does_not_outlive_its_verifier()
    {
        var authenticator = New();
        authenticator.Authenticate(KeyId, Secret);
        _meta = With(Key() with { Verifier = SecretVerifier.Make(OtherSecret, Randomness.Of(2)), Version = 2 });
        Assert.Equal(ErrorCode.AuthInvalid, authenticator.Authenticate(KeyId, Secret).Error);
        Assert.Equal(ErrorCode.None, authenticator.Authenticate(KeyId, OtherSecret).Error);
    }

    [Fact]
    public void A_disabled_key_is_refused_at_once_though_its_secret_is_remembered()
    {
        var authenticator = New();
        authenticator.Authenticate(KeyId, Secret);
        _meta = With(Key() with { Enabled = false });
        Assert.Equal(ErrorCode.AuthDisabled, authenticator.Authenticate(KeyId, Secret).Error);
        Assert.Equal(ErrorCode.AuthDisabled, authenticator.Recheck(IdOf(KeyId)).Error);
        Assert.Equal(ErrorCode.AuthInvalid, authenticator.Authenticate(KeyId, OtherSecret).Error);
    }

    [Fact]
    public void A_key_ends_at_its_expiry()
    {
        var authenticator = New();
        _meta = With(Key() with { ExpiresAtMs = _now + 1 });
        Assert.Equal(ErrorCode.None, authenticator.Authenticate(KeyId, Secret).Error);
        _now++;
        Assert.Equal(ErrorCode.AuthInvalid, authenticator.Authenticate(KeyId, Secret).Error);
        Assert.Equal(ErrorCode.AuthInvalid, authenticator.Recheck(IdOf(KeyId)).Error);
    }

    [Fact]
    public void Nobody_is_judged_by_a_meta_that_has_not_caught_up()
    {
        var authenticator = New();
        authenticator.Authenticate(KeyId, Secret);
        _meta = null;
        Assert.Equal(ErrorCode.SysUnavailable, authenticator.Authenticate(KeyId, Secret).Error);
        Assert.Equal(ErrorCode.SysUnavailable, authenticator.Recheck(IdOf(KeyId)).Error);
    }

    [Fact]
    public void A_key_that_is_gone_fails_the_recheck()
    {
        _meta = With();
        Assert.Equal(ErrorCode.AuthInvalid, New().Recheck(IdOf(KeyId)).Error);
    }

    [Theory]
    [InlineData(ApiRole.Metrics, "Metrics")]
    [InlineData(ApiRole.Validator, "Validator")]
    [InlineData(ApiRole.Issuer, "Validator Issuer")]
    [InlineData(ApiRole.Admin, "Metrics Validator Issuer Admin")]
    public void A_role_includes_the_lower_ones_and_metrics_stands_aside(ApiRole role, string may)
    {
        var identity = new Identity(Key() with { Role = role }, IdOf(KeyId), ErrorCode.None);
        Assert.Equal(may, string.Join(' ', Enum.GetValues<ApiRole>().Where(identity.May)));
    }

    [Fact]
    public void A_full_memory_is_emptied_and_goes_on()
    {
        const string second = "tmak-01kcnxr35w74x1hx85s8rp3pjg";
        _meta = With(Key(), Key() with { KeyId = second });
        var authenticator = new Authenticator(() => _meta, () => _now, capacity: 1);
        Assert.Equal(ErrorCode.None, authenticator.Authenticate(KeyId, Secret).Error);
        Assert.Equal(ErrorCode.None, authenticator.Authenticate(second, Secret).Error);
        Assert.Equal(ErrorCode.None, authenticator.Authenticate(second, Secret).Error);
        Assert.Equal((1, 2), (authenticator.Hits, authenticator.Misses));
    }

    private static ApiKey Key() => new() { KeyId = KeyId, Verifier = Verifier, Role = ApiRole.Issuer };

    private static MetaView With(params ApiKey[] keys) => new() { ApiKeys = keys.ToDictionary(k => k.KeyId) };

    private static ApiKeyId IdOf(string text) => ApiKeyId.TryParse(text, out var id) ? id : throw new ArgumentException(text);

    private Authenticator New() => new(() => _meta, () => _now);
}
