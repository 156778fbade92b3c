using TokMesh.Cluster.Lanes;

namespace TokMesh.Cluster.Tests;

public class InboxTests
{
    private readonly Inbox<int> _inbox = new();
    private int _wakes;

    public InboxTests() => _inbox.Wake = () => _wakes++;

    [Fact]
    public void The_owner_is_woken_once_until_it_looks()
    {
        _inbox.Add(1);
        _inbox.Add(2);
        Assert.Equal(1, _wakes);
        Assert.Equal([1, 2], _inbox.Take());
        _inbox.Add(3);
        Assert.Equal(2, _wakes);
        Assert.Equal([3], _inbox.Take());
        Assert.Empty(_inbox.Take());
    }

    [Fact]
    public void What_may_wait_wakes_nobody_while_the_owner_comes_anyway()
    {
        _inbox.OwnerComes(soon: true);
        Assert.True(_inbox.TryAdd(1, 10, mayWait: true));
        Assert.Equal(0, _wakes);
        Assert.False(_inbox.IsEmpty);

        // What may not wait wakes it although something is there already.
        Assert.True(_inbox.TryAdd(2, 10, mayWait: false));
        Assert.Equal(1, _wakes);
        Assert.Equal([1, 2], _inbox.Take());
    }

    [Fact]
    public void What_may_wait_wakes_an_owner_that_does_not_come()
    {
        _inbox.OwnerComes(soon: true);
        _inbox.OwnerComes(soon: false);
        _inbox.TryAdd(1, 10, mayWait: true);
        Assert.Equal(1, _wakes);
    }

    [Fact]
    public void A_full_inbox_takes_nothing_and_wakes_nobody()
    {
        _inbox.OwnerComes(soon: true);
        _inbox.TryAdd(1, 1, mayWait: true);
        Assert.False(_inbox.TryAdd(2, 1, mayWait: false));
        Assert.Equal(0, _wakes);
        Assert.Equal([1], _inbox.Take());
    }
}
