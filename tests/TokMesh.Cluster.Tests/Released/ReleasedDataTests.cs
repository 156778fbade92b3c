using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Placement;
using TokMesh.Cluster.Sessions;
using TokMesh.Raft.Log;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.TestKit;
using TokMesh.TestKit.Nodes;

namespace TokMesh.Cluster.Tests.Released;

/// <summary>
/// Data directories that earlier releases have written, as they left them: a newer one starts with them and has all that was in them. They
/// are of a cluster of one node, encrypted with the key beside the log. A new one is added whenever a release changes what is on the disk:
/// with <c>TOKMESH_WRITE_RELEASED=NAME</c> the first test writes <c>NAME.tar.gz</c> instead.
/// </summary>
public sealed class ReleasedDataTests : IDisposable
{
    private const string Folder = "tests/TokMesh.Cluster.Tests/Released";
    private const int Shards = 4;
    private const long DeadlineMs = 30_000;

    // Dictated, so that they can be asked for.
    private const string Token = "a-token-of-the-fixture";
    private const string RevokedToken = "a-token-of-the-fixture-that-was-revoked";

    private readonly string _path = Directory.CreateTempSubdirectory("tokmesh-released-").FullName;
    // The day on which all of them were written, so that nothing in them is ever too old.
    private readonly MovableClock _clock = new(wallMs: 1_767_225_600_000);

    public static TheoryData<string> Releases() => [.. Directory.EnumerateFiles(Path.Combine(SourceTree.Root, Folder), "*.tar.gz").Select(static f => Path.GetFileName(f)).Order()];

    [Fact]
    public async Task There_is_one_at_least()
    {
        // The next test finds it at its next run.
        if (Environment.GetEnvironmentVariable("TOKMESH_WRITE_RELEASED") is { Length: > 0 } name) await WriteAsync(Path.Combine(SourceTree.Root, Folder, name + ".tar.gz"));
        Assert.NotEmpty(Releases());
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task What_an_earlier_release_has_written_is_all_there(string file)
    {
        await using (var compressed = File.OpenRead(Path.Combine(SourceTree.Root, Folder, file)))
        await using (var tar = new GZipStream(compressed, CompressionMode.Decompress))
            await TarFile.ExtractToDirectoryAsync(tar, _path, overwriteFiles: false);
        using var directory = NodeDirectory.Open(_path, "", _clock);
        using var node = Start(directory, directory.Bootstrap!);
        using var threads = new NodeThreads(node, static e => throw new InvalidOperationException("A worker failed.", e));
        var store = new StoreClient(node);

        Assert.Equal("value", await GetAsync(store, "key"));
        Assert.Equal("42", await GetAsync(store, "counter"));
        Assert.Equal("after the snapshot", await GetAsync(store, "late"));
        Assert.Equal("", await GetAsync(store, "deleted"));
        var sessions = SessionsOf(store);
        Assert.True((await sessions.ValidateAsync(Token, false, Caller(node))).IsOk);
        Assert.Equal(ErrorCode.TokenRevoked, (await sessions.ValidateAsync(RevokedToken, false, Caller(node))).Error);
        while (node.Meta is null) await Task.Delay(5);
        Assert.Equal(["tmak-1"], node.Meta.ApiKeys.Keys);
        // It goes on from there.
        Assert.True((await store.WriteAsync(GroupOf("new"), static b => KeyOps.Set(b, "new"u8, "x"u8), node.NowMs + DeadlineMs)).IsOk);
        Assert.Equal("x", await GetAsync(store, "new"));
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);

    private async Task WriteAsync(string file)
    {
        var data = Directory.CreateDirectory(Path.Combine(_path, "written")).FullName;
        using (var directory = NodeDirectory.Open(data, "tmnd-released", _clock))
        {
            var bootstrap = Bootstrap.Create([new Candidate("tmnd-released", directory.Identity.DirectoryId, "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3")], Shards, 1, _clock.WallMs);
            await directory.StoreBootstrapAsync(bootstrap);
            directory.StoreNumber(new MemberId(1));
            using var node = Start(directory, bootstrap);
            using var threads = new NodeThreads(node, static e => throw new InvalidOperationException("A worker failed.", e));
            var store = new StoreClient(node);
            await SetAsync(store, "key", "value");
            await SetAsync(store, "deleted", "x");
            await SetAsync(store, "counter", "42");
            Assert.True((await store.WriteAsync(GroupOf("deleted"), static b =>
            {
                KeyOps.Del(b, 1);
                KeyOps.KeyItem(b, "deleted"u8);
            }, node.NowMs + DeadlineMs)).IsOk);
            var sessions = SessionsOf(store);
            await CreateAsync(sessions, node, "user", Token);
            var revoked = await CreateAsync(sessions, node, "other", RevokedToken);
            Assert.True((await sessions.RevokeAsync(revoked, Caller(node))).IsOk);
            var key = new ApiKey { KeyId = "tmak-1", Verifier = "v", Role = ApiRole.Admin, Version = 1 };
            Assert.True((await store.CallAsync(0, CallKind.Write, MetaOps.PutApiKey(key), default, node.NowMs + DeadlineMs)).IsOk);
            for (uint group = 0; group <= Shards; group++)
            {
                var taken = new TaskCompletionSource<bool>();
                node.TakeSnapshot(group, taken.SetResult);
                Assert.True(await taken.Task);
            }
            while (Directory.EnumerateFiles(Path.Combine(data, "log"), "snap-*.tms").Count() <= Shards) await Task.Delay(20);
            await SetAsync(store, "late", "after the snapshot");
            while (node.HasUnwritten) await Task.Delay(20);
        }
        File.Delete(file);
        await using var compressed = File.Create(file);
        await using var tar = new GZipStream(compressed, CompressionLevel.SmallestSize);
        await TarFile.CreateFromDirectoryAsync(data, tar, includeBaseDirectory: false);
    }

    private static async Task<SessionId> CreateAsync(SessionService sessions, Node node, string user, string token)
    {
        var (reply, _) = await sessions.CreateAsync(new NewSession { UserId = user, Token = token }, Caller(node));
        Assert.True(reply.IsOk, reply.Detail);
        return new ReplyReader(reply.Body.Span).Session().Id;
    }

    private Node Start(NodeDirectory directory, Bootstrap bootstrap) => new(new MemberId(directory.Identity.Number!.Value), bootstrap,
        new NodeOptions { Lanes = 1, LogSegmentBytes = 1 << 20 }, directory.LogPlace(directory.LogKey("")), _clock, new NullTransport(), RandomNumberGenerator.Fill, new NullWatch());

    private SessionService SessionsOf(StoreClient store) => new(store, RandomNumberGenerator.Fill, () => _clock.WallMs, new SessionLimits());

    private static Caller Caller(Node node) => new(node.NowMs + DeadlineMs, Consistency.Linearizable, null, default, default);

    private static async Task SetAsync(StoreClient store, string key, string value) =>
        Assert.True((await store.WriteAsync(GroupOf(key), b => KeyOps.Set(b, Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(value)), store.Node.NowMs + DeadlineMs)).IsOk);

    private static async Task<string> GetAsync(StoreClient store, string key)
    {
        var reply = await store.ReadAsync(GroupOf(key), b => QueryForms.Get(b, Encoding.ASCII.GetBytes(key)), Consistency.Linearizable, store.Node.NowMs + DeadlineMs);
        Assert.True(reply.IsOk, reply.Detail);
        var reader = new ReplyReader(reply.Body.Span);
        return reader.Tag == ReplyTag.Nil ? "" : Encoding.ASCII.GetString(reader.Bulk());
    }

    private static uint GroupOf(string key) => Sharding.OfKey(Encoding.ASCII.GetBytes(key), Shards).Group;
}
