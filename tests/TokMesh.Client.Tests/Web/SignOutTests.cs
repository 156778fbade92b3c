using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using TokMesh.Client.AspNetCore;
using TokMesh.Client.Tests.Harness;
using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests.Web;

/// <summary>A sign-out against everything that can be under way with its cookie, in every order in which their calls can reach the store.</summary>
[Collection(GatewayCollection.Name)]
public sealed class SignOutTests(SharedGateway shared) : IDisposable
{
    private const int Small = 0;
    private const int Large = 8_000;
    private static readonly EphemeralDataProtectionProvider Protection = new();
    private readonly HttpTokMeshClient _client = Clients.Of(shared.Gateway);
    private Interleavings _orders = new();
    private readonly string _run = Guid.NewGuid().ToString("N");
    private int _users;

    private TokMeshTicketStore Store => Over(_client);

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData(Small)]
    [InlineData(Large)]
    public async Task What_is_signed_out_while_it_is_renewed_stays_so(int size)
    {
        await _orders.RunAsync(async () =>
        {
            var key = await Store.StoreAsync(Ticket(User(), size));
            var ticket = (await Store.RetrieveAsync(key))!;
            await RaceAsync(store => store.RenewAsync(key, ticket), store => store.RemoveAsync(key));
            await IsDeadAsync(key);
        });
        Assert.InRange(_orders.Count, 30, 1000);
    }

    [Theory]
    [InlineData(Small)]
    [InlineData(Large)]
    public async Task What_is_signed_out_while_another_signs_in_over_it_stays_so(int size)
    {
        await _orders.RunAsync(async () =>
        {
            var next = User();
            var key = await Store.StoreAsync(Ticket(User(), size));
            await RaceAsync(store => store.RenewAsync(key, Ticket(next, size)), store => store.RemoveAsync(key));
            await IsDeadAsync(key);
            Assert.Equal(0, await LiveOfAsync(next));
        });
        Assert.InRange(_orders.Count, 100, 5000);
    }

    [Fact]
    public async Task What_is_signed_out_while_a_third_signs_in_over_it_stays_so()
    {
        _orders = new Interleavings(mostTurns: 3);
        await _orders.RunAsync(async () =>
        {
            var (second, third) = (User(), User());
            var key = await HandedOverAsync(second);
            await RaceAsync(store => store.RenewAsync(key, Ticket(third)), store => store.RemoveAsync(key));
            await IsDeadAsync(key);
            Assert.Equal((0, 0), (await LiveOfAsync(second), await LiveOfAsync(third)));
        });
        Assert.InRange(_orders.Count, 100, 5000);
    }

    [Fact]
    public async Task What_is_signed_out_while_the_one_who_signed_in_over_it_renews_stays_so()
    {
        _orders = new Interleavings(mostTurns: 3);
        await _orders.RunAsync(async () =>
        {
            var second = User();
            var key = await HandedOverAsync(second);
            var ticket = (await Store.RetrieveAsync(key))!;
            await RaceAsync(store => store.RenewAsync(key, ticket), store => store.RemoveAsync(key));
            await IsDeadAsync(key);
            Assert.Equal(0, await LiveOfAsync(second));
        });
        Assert.InRange(_orders.Count, 50, 5000);
    }

    [Fact]
    public async Task A_user_whose_sessions_are_ended_while_one_is_renewed_has_none()
    {
        await _orders.RunAsync(async () =>
        {
            var user = User();
            var key = await Store.StoreAsync(Ticket(user));
            var ticket = (await Store.RetrieveAsync(key))!;
            await _orders.RaceAsync(_client, client => Over(client).RenewAsync(key, ticket), client => client.Sessions.RevokeUserAsync(user));
            await IsDeadAsync(key);
        });
        Assert.InRange(_orders.Count, 4, 50);
    }

    [Fact]
    public async Task Who_is_ended_while_another_signs_in_over_him_does_not_come_back_and_lets_nobody_else_in_later()
    {
        var outcomes = new HashSet<string>();
        await _orders.RunAsync(async () =>
        {
            var (first, second) = (User(), User());
            var key = await Store.StoreAsync(Ticket(first));
            await _orders.RaceAsync(_client, client => Over(client).RenewAsync(key, Ticket(second)), client => client.Sessions.RevokeUserAsync(first));
            Assert.Equal(0, await LiveOfAsync(first));
            // As if one had come after the other: ended first, nobody signs in over what is gone; ended later, it is the other's session.
            var user = (await Store.RetrieveAsync(key))?.Principal.FindFirstValue(ClaimTypes.NameIdentifier);
            Assert.Equal(user is null ? 0 : 1, await LiveOfAsync(second));
            Assert.True(user is null || user == second, _orders.ToString());
            outcomes.Add(user is null ? "nobody" : "the second");
            await Store.RemoveAsync(key);
            await IsDeadAsync(key);
        });
        Assert.Equal(["nobody", "the second"], outcomes.Order());
    }

    [Fact]
    public async Task A_renewal_with_the_ticket_of_one_who_was_signed_out_by_another_does_not_bring_him_back()
    {
        var (first, second) = (User(), User());
        var key = await Store.StoreAsync(Ticket(first));
        var ticket = (await Store.RetrieveAsync(key))!;
        await Store.RenewAsync(key, Ticket(second));
        await Store.RenewAsync(key, ticket);
        Assert.Equal(second, (await Store.RetrieveAsync(key))!.Principal.FindFirstValue(ClaimTypes.NameIdentifier));
        Assert.Equal((0, 1), (await LiveOfAsync(first), await LiveOfAsync(second)));
    }

    [Fact]
    public async Task A_renewal_that_slides_does_not_take_a_cookie_from_who_signs_in_over_it_meanwhile()
    {
        await _orders.RunAsync(async () =>
        {
            var (first, second) = (User(), User());
            var key = await Store.StoreAsync(Ticket(first));
            await RaceAsync(store => store.RenewAsync(key, Ticket(second)), async store =>
            {
                if (await store.RetrieveAsync(key) is { } read) await store.RenewAsync(key, read);
            });
            Assert.Equal(second, (await Store.RetrieveAsync(key))?.Principal.FindFirstValue(ClaimTypes.NameIdentifier));
            Assert.Equal((0, 1), (await LiveOfAsync(first), await LiveOfAsync(second)));
        });
        Assert.InRange(_orders.Count, 100, 5000);
    }

    [Fact]
    public async Task Of_many_races_with_a_sign_out_none_leaves_a_cookie_alive()
    {
        var random = new Random(7);
        var alive = 0;
        for (var n = 0; n < 300; n++)
        {
            var (first, second) = (User(), User());
            var key = await Store.StoreAsync(Ticket(first));
            var ticket = n % 3 == 0 ? (await Store.RetrieveAsync(key))! : Ticket(second);
            var delay = random.Next(0, 8);
            var renewing = Task.Run(() => Store.RenewAsync(key, ticket));
            var removing = Task.Run(async () =>
            {
                for (var turn = 0; turn < delay; turn++) await _client.Keys.GetAsync("nothing");
                if (n % 3 == 0 && n % 2 == 0) await _client.Sessions.RevokeUserAsync(first);
                else await Store.RemoveAsync(key);
            });
            await Task.WhenAll(renewing, removing);
            if (await Store.RetrieveAsync(key) is not null) alive++;
        }
        Assert.Equal(0, alive);
    }

    [Fact]
    public async Task A_sign_in_over_a_cookie_that_breaks_off_anywhere_lets_nobody_in_who_was_signed_out()
    {
        // The process of the one who signs in ends before its call number n.
        for (var calls = 0; ; calls++)
        {
            var (first, second) = (User(), User());
            var key = await Store.StoreAsync(Ticket(first));
            var left = calls;
            var dies = new SteppedClient(_client, () => left-- > 0 ? Task.CompletedTask : throw new OperationCanceledException());
            var died = await Record.ExceptionAsync(() => Over(dies).RenewAsync(key, Ticket(second))) is OperationCanceledException;
            var holder = (await Store.RetrieveAsync(key))?.Principal.FindFirstValue(ClaimTypes.NameIdentifier);
            Assert.Contains(holder, died ? new[] { first, null } : [second]);
            await Store.RemoveAsync(key);
            await IsDeadAsync(key);
            Assert.Equal(0, await LiveOfAsync(first));
            // Once the heir is noted, the sign-out finds it. Before that nobody knows of it, and it ends with its life span.
            if (holder != first) Assert.Equal(0, await LiveOfAsync(second));
            if (!died) break;
            Assert.InRange(calls, 0, 20);
        }
    }

    private static TokMeshTicketStore Over(ITokMeshClient client) => new(client, Protection, TimeProvider.System);

    private static AuthenticationTicket Ticket(string user, int size = Small)
    {
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user), new Claim("filler", new string('x', size))], "test");
        return new AuthenticationTicket(new ClaimsPrincipal(identity), new AuthenticationProperties { ExpiresUtc = DateTimeOffset.UtcNow.AddHours(1) }, "test");
    }

    private string User() => $"{_run}-{++_users}";

    private async Task<string> HandedOverAsync(string user)
    {
        var key = await Store.StoreAsync(Ticket(User()));
        await Store.RenewAsync(key, Ticket(user));
        Assert.Equal(user, (await Store.RetrieveAsync(key))!.Principal.FindFirstValue(ClaimTypes.NameIdentifier));
        return key;
    }

    private Task RaceAsync(Func<TokMeshTicketStore, Task> first, Func<TokMeshTicketStore, Task> second) =>
        _orders.RaceAsync(_client, client => first(Over(client)), client => second(Over(client)));

    private async Task IsDeadAsync(string key) => Assert.True(await Store.RetrieveAsync(key) is null, $"The cookie is valid after the order {_orders}.");

    private async Task<long> LiveOfAsync(string user) => (await _client.Sessions.ListAsync(new SessionQuery { UserId = user })).Total;
}
