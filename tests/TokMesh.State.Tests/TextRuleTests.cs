using System.Text;
using System.Text.RegularExpressions;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

/// <summary>What is text, for characters and for bytes.</summary>
public class TextRuleTests
{
    [Theory]
    [InlineData("")]
    [InlineData("plain")]
    [InlineData("ünï")]
    [InlineData("\ud83d\ude00 and \ud83d\ude00")]
    [InlineData("\ufffd")]
    [InlineData("\uffff\u0001")]
    public void Well_formed_text_is_text_in_either_form(string text)
    {
        Assert.Null(TextRules.Check("f", text));
        Assert.Null(TextRules.Read("f", Encoding.UTF8.GetBytes(text), out var read));
        Assert.Equal(text, read);
    }

    [Theory]
    [InlineData(@"\ud800")]
    [InlineData(@"\udc00")]
    [InlineData(@"\udc00\ud800")]
    [InlineData(@"a\ud800b")]
    [InlineData(@"\ud83d\ude00\ud83d")]
    public void Half_of_a_surrogate_pair_is_refused_by_name_and_encoded_by_nobody(string escaped)
    {
        // Attributes are stored as UTF-8, which has no place for it.
        var text = Regex.Unescape(escaped);
        Assert.Equal(new RuleViolation(ErrorCode.ArgumentInvalid, "f: not valid Unicode text"), TextRules.Check("f", text));
        Assert.Equal(ErrorCode.ArgumentInvalid, SessionRules.UserId(text)!.Code);
        Assert.Throws<EncoderFallbackException>(() => TextRules.Utf8.GetBytes(text));
        Assert.Throws<EncoderFallbackException>(() => TokenHash.OfToken(text));
        Assert.Throws<EncoderFallbackException>(() => SessionData.Encode([KeyValuePair.Create("k", text)]));
    }

    [Theory]
    [InlineData("FF")]
    [InlineData("C0AF")]
    [InlineData("EDA080")]
    [InlineData("C3")]
    [InlineData("F4908080")]
    public void Bytes_that_are_no_utf8_are_refused_by_name(string hex)
    {
        Assert.Equal(new RuleViolation(ErrorCode.ArgumentInvalid, "f: not valid Unicode text"), TextRules.Read("f", Convert.FromHexString(hex), out var text));
        Assert.Equal("", text);
    }

    [Fact]
    public void Nul_is_refused_by_name()
    {
        var expected = new RuleViolation(ErrorCode.ArgumentInvalid, "f: holds a NUL character, which is not allowed");
        Assert.Equal(expected, TextRules.Check("f", "a\0"));
        Assert.Equal(expected, TextRules.Read("f", "a\0"u8, out _));
        Assert.Equal("data key: holds a NUL character, which is not allowed", SessionRules.Data([KeyValuePair.Create("\0", "")])!.Message);
    }
}
