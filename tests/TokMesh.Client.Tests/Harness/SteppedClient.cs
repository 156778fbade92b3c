namespace TokMesh.Client.Tests;

/// <summary>A client that waits for something before each call.</summary>
internal sealed class SteppedClient(ITokMeshClient inner, Func<Task> before) : ITokMeshClient
{
    public ITokMeshSessions Sessions { get; } = new SteppedSessions(inner.Sessions, before);

    public ITokMeshKeys Keys { get; } = new SteppedKeys(inner.Keys, before);

    private static async Task<T> AfterAsync<T>(Func<Task> before, Func<Task<T>> call)
    {
        await before();
        return await call();
    }

    private sealed class SteppedSessions(ITokMeshSessions inner, Func<Task> before) : ITokMeshSessions
    {
        public Task<CreatedSession> CreateAsync(NewSession session, CallOptions? options, CancellationToken cancel) => AfterAsync(before, () => inner.CreateAsync(session, options, cancel));

        public Task<Session?> GetAsync(string sessionId, CallOptions? options, CancellationToken cancel) => AfterAsync(before, () => inner.GetAsync(sessionId, options, cancel));

        public Task<TokenValidation> ValidateAsync(string token, bool touch, CallOptions? options, CancellationToken cancel) => AfterAsync(before, () => inner.ValidateAsync(token, touch, options, cancel));

        public Task<Session?> TouchAsync(string sessionId, CallOptions? options, CancellationToken cancel) => AfterAsync(before, () => inner.TouchAsync(sessionId, options, cancel));

        public Task<DateTimeOffset?> RenewAsync(string sessionId, TimeSpan ttl, CallOptions? options, CancellationToken cancel) =>
            AfterAsync(before, () => inner.RenewAsync(sessionId, ttl, options, cancel));

        public Task<ConditionalResult> RenewIfAsync(string sessionId, ulong version, TimeSpan ttl, CallOptions? options, CancellationToken cancel) =>
            AfterAsync(before, () => inner.RenewIfAsync(sessionId, version, ttl, options, cancel));

        public Task<ConditionalResult> RevokeIfAsync(string sessionId, ulong version, CallOptions? options, CancellationToken cancel) =>
            AfterAsync(before, () => inner.RevokeIfAsync(sessionId, version, options, cancel));

        public Task RevokeAsync(string sessionId, CallOptions? options, CancellationToken cancel) => AfterAsync(before, async () =>
        {
            await inner.RevokeAsync(sessionId, options, cancel);
            return true;
        });

        public Task<long> RevokeUserAsync(string userId, CallOptions? options, CancellationToken cancel) => AfterAsync(before, () => inner.RevokeUserAsync(userId, options, cancel));

        public Task<SessionPage> ListAsync(SessionQuery query, CallOptions? options, CancellationToken cancel) => AfterAsync(before, () => inner.ListAsync(query, options, cancel));
    }

    private sealed class SteppedKeys(ITokMeshKeys inner, Func<Task> before) : ITokMeshKeys
    {
        public Task<KeyEntry?> GetAsync(string key, CallOptions? options, CancellationToken cancel) => AfterAsync(before, () => inner.GetAsync(key, options, cancel));

        public Task<SetResult> SetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? ttl, ulong? ifVersion, CallOptions? options, CancellationToken cancel) =>
            AfterAsync(before, () => inner.SetAsync(key, value, ttl, ifVersion, options, cancel));

        public Task<DeleteResult> DeleteAsync(string key, ulong? ifVersion, CallOptions? options, CancellationToken cancel) => AfterAsync(before, () => inner.DeleteAsync(key, ifVersion, options, cancel));
    }
}
