using TokMesh.Host.Configuration;

namespace TokMesh.Host.Tests;

public sealed class UnitsTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("1s", 1000)]
    [InlineData("1m", 60_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1.5s", 1500)]
    [InlineData("1m500ms", 60_500)]
    [InlineData("2000us", 2)]
    [InlineData("3000000ns", 3)]
    [InlineData("0s", 0)]
    public void A_duration_is_numbers_with_units(string text, long ms)
    {
        Assert.True(Units.TryParseDuration(text, out var parsed));
        Assert.Equal(ms, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("ms")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("1d")]
    [InlineData("1S")]
    [InlineData("1s ")]
    [InlineData("1..5s")]
    [InlineData("1h30")]
    [InlineData("99999999999999999999999h")]
    public void What_is_no_duration_is_not_taken_for_one(string text) => Assert.False(Units.TryParseDuration(text, out _));

    [Theory]
    [InlineData("64MB", 64L << 20)]
    [InlineData("64mb", 64L << 20)]
    [InlineData("1GB", 1L << 30)]
    [InlineData("1.5KB", 1536)]
    [InlineData("512B", 512)]
    [InlineData("4096", 4096)]
    [InlineData("1 MB", 1L << 20)]
    public void A_size_counts_by_1024_and_without_unit_in_bytes(string text, long bytes)
    {
        Assert.True(Units.TryParseSize(text, out var parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MB")]
    [InlineData("-1MB")]
    [InlineData("1TB")]
    [InlineData("1e3MB")]
    [InlineData("1MBB")]
    [InlineData("99999999999999999999999GB")]
    public void What_is_no_size_is_not_taken_for_one(string text) => Assert.False(Units.TryParseSize(text, out _));

    [Fact]
    public void What_messages_show_can_be_typed_back_in()
    {
        foreach (var ms in (long[])[1, 999, 1000, 60_000, 90_000, 3_600_000, 8760 * 3_600_000L])
        {
            Assert.True(Units.TryParseDuration(Units.FormatDuration(ms), out var back));
            Assert.Equal(ms, back);
        }
        foreach (var bytes in (long[])[1, 1000, 1024, 1536, 64L << 20, 10L << 30])
        {
            Assert.True(Units.TryParseSize(Units.FormatSize(bytes), out var back));
            Assert.Equal(bytes, back);
        }
    }
}
