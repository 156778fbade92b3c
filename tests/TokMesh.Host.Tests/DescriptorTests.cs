using TokMesh.Host.Configuration;

namespace TokMesh.Host.Tests;

public sealed class DescriptorTests
{
    [Theory]
    [InlineData(1_048_576, 10_000, 10_000, 1_000, null)]
    [InlineData(21_256, 10_000, 10_000, 1_000, null)]
    [InlineData(21_254, 9_999, 9_999, 1_000, "server.http.max_connections=9999, cluster.orleans.max_connections=1000, server.redis.max_connections=9999")]
    [InlineData(8_192, 3_468, 3_468, 1_000, "server.http.max_connections=3468, cluster.orleans.max_connections=1000, server.redis.max_connections=3468")]
    [InlineData(1_024, 256, 256, 256, "server.http.max_connections=256, cluster.orleans.max_connections=256, server.redis.max_connections=256")]
    [InlineData(512, 85, 86, 85, "server.http.max_connections=85, cluster.orleans.max_connections=85, server.redis.max_connections=86")]
    public void What_is_not_set_is_shared_out_below_the_limit(long limit, int http, int redis, int orleans, string? reduced)
    {
        var settings = new HostSettings();
        Assert.Equal((null, reduced), Descriptors.ShareOut(settings, limit));
        Assert.Equal((http, redis, orleans), (settings.HttpLimits.Most, settings.RedisLimits.Most, settings.OrleansLimits.Most));
        Assert.True(settings.HttpLimits.MostPerAddress < settings.HttpLimits.Most);
        Assert.True(http + redis + orleans + Descriptors.Reserve <= limit);
    }

    [Fact]
    public void What_is_set_is_kept_and_the_rest_is_the_others()
    {
        var settings = With(redis: 700);
        settings.RedisLimits.MostPerAddress = 5;
        Assert.Equal((null, "server.http.max_connections=34, cluster.orleans.max_connections=34, server.redis.max_connections=700"), Descriptors.ShareOut(settings, 1024));
        Assert.Equal((34, 700, 5), (settings.HttpLimits.Most, settings.RedisLimits.Most, settings.RedisLimits.MostPerAddress));
    }

    [Fact]
    public void Without_Redis_the_others_have_them_all()
    {
        var settings = new HostSettings { RedisEnabled = false };
        Assert.Equal((null, "server.http.max_connections=384, cluster.orleans.max_connections=384"), Descriptors.ShareOut(settings, 1024));
        Assert.Null(settings.RedisLimits.Most);
    }

    [Fact]
    public void What_does_not_fit_is_an_error_with_the_numbers()
    {
        Assert.StartsWith("TM-CFG-1002: the process may open 511 descriptors", Descriptors.ShareOut(new HostSettings(), 511).Problem, StringComparison.Ordinal);
        Assert.Contains("server.http.max_connections and cluster.orleans.max_connections and server.redis.max_connections ask for 800 connections", Descriptors.ShareOut(With(http: 400, redis: 400), 1024).Problem, StringComparison.Ordinal);
        Assert.StartsWith("TM-CFG-1005", Descriptors.ShareOut(With(http: 768), 1024).Problem, StringComparison.Ordinal);
        Assert.StartsWith("TM-CFG-1005", Descriptors.ShareOut(With(http: 900), 1024).Problem, StringComparison.Ordinal);
    }

    private static HostSettings With(int? http = null, int? redis = null)
    {
        var settings = new HostSettings();
        (settings.HttpLimits.Most, settings.RedisLimits.Most) = (http, redis);
        return settings;
    }
}
