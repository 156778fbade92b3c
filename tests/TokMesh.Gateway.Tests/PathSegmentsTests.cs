using System.Text;
using TokMesh.Gateway.Requests;

namespace TokMesh.Gateway.Tests;

public sealed class PathSegmentsTests
{
    [Theory]
    [InlineData("/keys/a?b=/c", 0, "a")]
    [InlineData("/keys/a/", 0, "a")]
    [InlineData("/users/u/sessions/revoke", 2, "u")]
    [InlineData("http://host:80/keys/a", 0, "a")]
    [InlineData("/keys/a", 7, "")]
    [InlineData("http://host", 0, "")]
    [InlineData("*", 0, "")]
    public void A_segment_is_counted_from_the_end_of_the_path(string target, int fromEnd, string expected) =>
        Assert.Equal(expected, PathSegments.Of(target).FromEnd(fromEnd).ToString());

    [Theory]
    [InlineData("a%20b", "a b")]
    [InlineData("%41%61%2f", "Aa/")]
    [InlineData("a+b", "a+b")]
    public void Escapes_are_decoded_once(string segment, string expected)
    {
        Assert.True(PathSegments.TryDecode(segment, out var bytes));
        Assert.Equal(expected, Encoding.UTF8.GetString(bytes));
    }

    [Theory]
    [InlineData("a%2")]
    [InlineData("a%")]
    [InlineData("%zz")]
    [InlineData("\u00e4")]
    [InlineData("")]
    public void What_is_cut_off_or_not_ascii_is_refused(string segment) => Assert.False(PathSegments.TryDecode(segment, out _));
}
