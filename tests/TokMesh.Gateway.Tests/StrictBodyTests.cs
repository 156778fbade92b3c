using System.Net.Http.Headers;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class StrictBodyTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Theory]
    [InlineData("""{"user_id":"u","nope":1}""", "nope")]
    [InlineData("""{"user_id":1}""", "user_id")]
    [InlineData("""{"user_id":["u"]}""", "user_id")]
    [InlineData("""{"user_id":"u","ttl_seconds":"60"}""", "ttl_seconds")]
    [InlineData("""{"user_id":"u","ttl_seconds":1.5}""", "ttl_seconds")]
    [InlineData("""{"user_id":"u","ttl_seconds":99999999999999999999}""", "ttl_seconds")]
    [InlineData("""{"user_id":"u","data":[]}""", "data")]
    [InlineData("""{"user_id":"u","data":{"a":1}}""", "data")]
    [InlineData("""{"user_id":"u","data":{"a":{"b":"c"}}}""", "data")]
    [InlineData("""{"user_id":"u","data":{"a":"1","a":"2"}}""", "data")]
    [InlineData("""{"user_id":"u","user_id":"v"}""", "user_id")]
    [InlineData("""{"USER_ID":"u"}""", "USER_ID")]
    [InlineData("""{"user_id":"\ud800"}""", "user_id")]
    public async Task A_field_that_is_unknown_twice_there_or_of_another_type_is_named(string body, string field)
    {
        var answer = await _gateway.PostAsync("/sessions", _gateway.Issuer, body);
        answer.Is(400, "TM-SYS-4000");
        Assert.Contains($"'{field}'", answer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"user\"")]
    [InlineData("null")]
    [InlineData("""{"user_id":"u"}}""")]
    [InlineData("""{"user_id":"u"} {}""")]
    [InlineData("""{"user_id":"u",}""")]
    [InlineData("""{"user_id":"u"/*c*/}""")]
    [InlineData("""{user_id:"u"}""")]
    [InlineData("""{"user_id":"u""")]
    [InlineData("""{"user_id":"u","data":{"a":"b" """)]
    public async Task What_is_not_one_json_object_is_refused(string body) =>
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, body)).Is(400, "TM-SYS-4000");

    [Fact]
    public async Task Bytes_that_are_not_utf8_are_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_gateway.Address, "/sessions"));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + _gateway.Issuer);
        request.Content = new ByteArrayContent([.. "{\"user_id\":\""u8, 0xff, 0xfe, .. "\"}"u8]);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await _gateway.Http.SendAsync(request);
        (await Answer.ReadAsync(response)).Is(400, "TM-SYS-4000");
    }

    [Fact]
    public async Task Null_stands_for_an_absent_field() => await _gateway.CreateAsync("nulls", ",\"token\":null,\"data\":null,\"ttl_seconds\":null,\"device_id\":null");

    [Fact]
    public async Task A_message_never_repeats_a_value()
    {
        var answer = await _gateway.PostAsync("/tokens/validate", _gateway.Validator, """{"token":"my-very-secret-token","touch":"my-other-secret"}""");
        answer.Is(400, "TM-SYS-4000");
        Assert.DoesNotContain("secret", answer.Text, StringComparison.Ordinal);
    }
}
