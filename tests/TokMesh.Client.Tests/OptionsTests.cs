using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokMesh.Client.Tests;

/// <summary>What the client is told, and what it knows.</summary>
public sealed class OptionsTests
{
    [Fact]
    public void Every_problem_is_named_at_once_and_the_key_in_none()
    {
        var options = new TokMeshClientOptions { ApiKey = "hush", Deadline = TimeSpan.Zero, AttemptTimeout = TimeSpan.FromDays(1), ConnectTimeout = -TimeSpan.FromSeconds(1) };
        options.Endpoints.Add(new Uri("ftp://host"));
        options.Endpoints.Add(new Uri("http://elsewhere.example"));
        options.Endpoints.Add(new Uri("https://user:pass@host"));
        var e = Assert.Throws<ArgumentException>(() => new HttpTokMeshClient(options));
        foreach (var named in new[] { "absolute http or https", "in the clear", "no user", "ApiKey", "Deadline", "AttemptTimeout", "ConnectTimeout" })
            Assert.Contains(named, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pass", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_with_options_that_cannot_work_does_not_start()
    {
        using var services = new ServiceCollection().AddTokMeshClient(o => o.ApiKey = "a:b").BuildServiceProvider();
        Assert.Contains("Endpoints", Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IStartupValidator>().Validate()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_client_is_made_of_configuration()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Endpoints:0"] = "https://one.example",
            ["Endpoints:1"] = "https://two.example/tokmesh",
            ["ApiKey"] = "id:secret",
            ["Deadline"] = "00:00:03",
        }).Build();
        using var services = new ServiceCollection().AddTokMeshClient(configuration.Bind).BuildServiceProvider();
        Assert.Same(services.GetRequiredService<ITokMeshClient>(), services.GetRequiredService<ITokMeshClient>());
        var options = services.GetRequiredService<IOptions<TokMeshClientOptions>>().Value;
        Assert.Equal((2, TimeSpan.FromSeconds(3)), (options.Endpoints.Count, options.Deadline));
    }

    [Fact]
    public async Task The_key_goes_with_every_request_and_a_path_before_the_front_end_is_kept()
    {
        var script = new Script(Script.Ok("""{"value":"x","version":3,"expires_at":0}"""));
        var options = new TokMeshClientOptions { ApiKey = "id:secret", CreateHandler = () => script };
        options.Endpoints.Add(new Uri("https://host.example/tokmesh"));
        using var client = new HttpTokMeshClient(options);
        await client.Keys.GetAsync("k", new CallOptions { Consistency = Consistency.Bounded(TimeSpan.FromMilliseconds(1500)) });
        Assert.Equal("https://host.example/tokmesh/keys/k", script.Requests[0].Address.AbsoluteUri);
        Assert.Equal("Bearer id:secret", script.Messages[0].Headers.GetValues("Authorization").Single());
        Assert.Equal("bounded;max-ms=1500", script.Messages[0].Headers.GetValues("X-TokMesh-Consistency").Single());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3_600_001)]
    public void A_bound_out_of_range_is_refused(int ms) => Assert.Throws<ArgumentOutOfRangeException>(() => Consistency.Bounded(TimeSpan.FromMilliseconds(ms)));

    [Theory]
    [InlineData(typeof(ITokMeshClient))]
    [InlineData(typeof(TokMesh.Client.AspNetCore.TokMeshTicketStore))]
    public void What_applications_outside_the_cluster_reference_knows_neither_Orleans_nor_the_server(Type type)
    {
        var names = type.Assembly.GetReferencedAssemblies().Select(a => a.Name!).ToList();
        Assert.DoesNotContain(names, n => n.Contains("Orleans", StringComparison.Ordinal));
        Assert.All(names.Where(n => n.StartsWith("TokMesh.", StringComparison.Ordinal)), n => Assert.Equal("TokMesh.Client", n));
        if (type == typeof(ITokMeshClient)) Assert.DoesNotContain(names, n => n.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }
}
