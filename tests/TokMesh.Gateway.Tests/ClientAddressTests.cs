using System.Net;
using Microsoft.AspNetCore.Http;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Protection;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("", "203.0.113.9", "X-Forwarded-For", "1.2.3.4", "203.0.113.9")]
    [InlineData("10.0.0.0/8", "203.0.113.9", "X-Forwarded-For", "1.2.3.4", "203.0.113.9")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "X-Forwarded-For", "1.2.3.4", "1.2.3.4")]
    [InlineData("10.0.0.0/8", "::ffff:10.0.0.1", "X-Forwarded-For", "1.2.3.4", "1.2.3.4")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "X-Forwarded-For", "6.6.6.6, 1.2.3.4, 10.0.0.7", "1.2.3.4")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "X-Forwarded-For", "10.0.0.9, 10.0.0.7", "10.0.0.9")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "X-Forwarded-For", "1.2.3.4:5678", "1.2.3.4")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "X-Forwarded-For", "2001:db8::1", "2001:db8::1")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "X-Forwarded-For", "not an address", "10.0.0.1")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "X-Forwarded-For", "", "10.0.0.1")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "Forwarded", "for=1.2.3.4;proto=https", "1.2.3.4")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "Forwarded", "for=6.6.6.6, For=\"[2001:db8::1]:443\"", "2001:db8::1")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "Forwarded", "for=_hidden", "10.0.0.1")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "X-Real-IP", "1.2.3.4", "1.2.3.4")]
    [InlineData("2001:db8::/32", "2001:db8::5", "X-Real-IP", "1.2.3.4", "1.2.3.4")]
    public void Forwarding_headers_count_only_from_trusted_proxies(string trusted, string peer, string header, string value, string expected)
    {
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        http.Request.Headers[header] = value;
        var blocks = new AddressBlocks(trusted.Length == 0 ? [] : [trusted]);
        Assert.Equal(IPAddress.Parse(expected), new ClientAddress(blocks).Of(http));
    }

    [Fact]
    public async Task The_forwarded_address_is_the_sessions()
    {
        await using var gateway = await TestGateway.StartAsync(new GatewayOptions { TrustedProxies = ["127.0.0.0/8"] });
        var (id, _) = await gateway.CreateAsync("forwarded", "", ("X-Forwarded-For", "::ffff:198.51.100.7"));
        Assert.Equal("198.51.100.7", (await gateway.GetAsync("/sessions/" + id, gateway.Validator)).Data.GetProperty("ip_address").GetString());
    }

    [Fact]
    public async Task Without_trusted_proxies_the_header_is_ignored()
    {
        await using var gateway = await TestGateway.StartAsync();
        var (id, _) = await gateway.CreateAsync("direct", "", ("X-Forwarded-For", "198.51.100.7"));
        Assert.Equal("127.0.0.1", (await gateway.GetAsync("/sessions/" + id, gateway.Validator)).Data.GetProperty("ip_address").GetString());
    }

    [Fact]
    public async Task An_allow_list_looks_at_the_forwarded_address()
    {
        await using var gateway = await TestGateway.StartAsync(new GatewayOptions { TrustedProxies = ["127.0.0.1"], AllowList = ["192.168.1.0/24"] });
        (await gateway.GetAsync("/cluster/status", gateway.Admin, ("X-Forwarded-For", "192.168.1.5"))).IsOk();
        (await gateway.GetAsync("/cluster/status", gateway.Admin, ("X-Forwarded-For", "10.0.0.1"))).Is(403, "TM-AUTH-4031");
    }
}
