using TokMesh.Host.Configuration;

namespace TokMesh.Host.Tests;

public sealed class DescriptorTests
{
    [Theory]
    [InlineData(1_048_576, 10_000, 10_000, false)]
    [InlineData(20_256, 10_000, 10_000, false)]
    [InlineData(20_254, 9_999, 9_999, true)]
    [InlineData(1024, 384, 384, true)]
    [InlineData(512, 128, 128, true)]
    public void What_is_not_set_is_shared_out_below_the_limit(long limit, int http, int redis, bool reduced)
    {
        var settings = new HostSettings();
        Assert.Equal((null, reduced), Descriptors.ShareOut(settings, limit));
        Assert.Equal((http, redis), (settings.HttpMaxConnections, settings.RedisMaxConnections));
        Assert.True(settings.HttpMaxConnectionsPerAddress < settings.HttpMaxConnections);
        Assert.True(http + redis + Descriptors.Reserve <= limit);
    }

    [Fact]
    public void What_is_set_is_kept_and_the_rest_is_the_others()
    {
        var settings = new HostSettings { RedisMaxConnections = 700, RedisMaxConnectionsPerAddress = 5 };
        Assert.Equal((null, true), Descriptors.ShareOut(settings, 1024));
        Assert.Equal((68, 700, 5), (settings.HttpMaxConnections, settings.RedisMaxConnections, settings.RedisMaxConnectionsPerAddress));
    }

    [Fact]
    public void Without_Redis_HTTP_has_them_all()
    {
        var settings = new HostSettings { RedisEnabled = false };
        Assert.Equal((null, true), Descriptors.ShareOut(settings, 1024));
        Assert.Equal(768, settings.HttpMaxConnections);
    }

    [Fact]
    public void What_does_not_fit_is_an_error_with_the_numbers()
    {
        Assert.StartsWith("TM-CFG-1002: the process may open 511 descriptors", Descriptors.ShareOut(new HostSettings(), 511).Problem, StringComparison.Ordinal);
        Assert.Contains("ask for 800 connections", Descriptors.ShareOut(new HostSettings { HttpMaxConnections = 400, RedisMaxConnections = 400 }, 1024).Problem, StringComparison.Ordinal);
        Assert.StartsWith("TM-CFG-1005", Descriptors.ShareOut(new HostSettings { HttpMaxConnections = 768 }, 1024).Problem, StringComparison.Ordinal);
        Assert.StartsWith("TM-CFG-1005", Descriptors.ShareOut(new HostSettings { HttpMaxConnections = 900 }, 1024).Problem, StringComparison.Ordinal);
    }
}
