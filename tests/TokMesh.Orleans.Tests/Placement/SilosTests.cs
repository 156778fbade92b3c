using TokMesh.Orleans.Placement;

namespace TokMesh.Orleans.Tests.Placement;

public sealed class SilosTests
{
    private readonly Membership _membership = new();

    [Theory]
    [InlineData(SiloStatus.Active, true)]
    [InlineData(SiloStatus.Joining, true)]
    [InlineData(SiloStatus.ShuttingDown, true)]
    [InlineData(SiloStatus.Created, false)]
    [InlineData(SiloStatus.Stopping, false)]
    [InlineData(SiloStatus.Dead, false)]
    public void A_node_is_where_a_silo_of_its_name_lives(SiloStatus status, bool isThere)
    {
        var address = _membership.Is("tmnd-a", status);
        Assert.Equal(isThere ? address : null, new Silos(_membership).AddressOf("tmnd-a"));
    }

    [Fact]
    public void Just_after_a_restart_the_latest_silo_counts()
    {
        var latest = _membership.Is("tmnd-a", SiloStatus.Active, generation: 3);
        _membership.Is("tmnd-a", SiloStatus.Active, generation: 2);
        Assert.Equal(latest, new Silos(_membership).AddressOf("tmnd-a"));
    }

    [Fact]
    public void A_name_that_nobody_has_is_nowhere() => Assert.Null(new Silos(_membership).AddressOf("tmnd-a"));
}
