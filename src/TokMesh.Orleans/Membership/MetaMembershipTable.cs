using System.Buffers;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Orleans.Nodes;
using TokMesh.State.Replies;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Membership;

/// <summary>
/// Orleans' membership table in the meta group: every change is a compare-and-set through its leader, every read linearizable. Who lives is a
/// hint to TokMesh all the same.
/// </summary>
/// <param name="store">Calls from this silo's node, which runs longer than the silo needs its membership.</param>
/// <param name="cluster">The Orleans cluster whose rows these are.</param>
/// <param name="isStopping">Whether the silo is about to end: then nothing waits long, since meta may have lost its majority.</param>
internal sealed class MetaMembershipTable(Func<StoreClient> store, string cluster, Func<bool> isStopping) : IMembershipTable
{
    private const uint MetaGroup = 0;
    private const int DeadlineMs = 5_000;
    private const int StoppingMs = 500;

    // A silo that ends makes half a dozen calls. When one of them has waited in vain, the majority is most likely gone, with the silos that
    // stopped just before: the others wait only as long as one takes on a busy machine, in case it was an election.
    private const int LostMs = 100;

    private volatile MembershipTableData _last = SiloRows.DataOf(SiloTable.Empty);
    private volatile bool _isLost;

    /// <remarks>Orleans asks once and gives up the silo when it fails: this waits until meta answers.</remarks>
    public async Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await ReadAllAsync(cancellationToken);
                return;
            }
            catch (OrleansException) when (!cancellationToken.IsCancellationRequested)
            {
                // No leader yet.
            }
        }
    }

    public async Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken)
    {
        var stopping = isStopping();
        try
        {
            var calls = store();
            var reply = await calls.ReadAsync(MetaGroup, static b => b.Write(MetaOps.ReadSilos()), Consistency.Linearizable, DeadlineOf(calls, stopping)).AsTask().WaitAsync(cancellationToken);
            _isLost = !reply.IsOk;
            if (!reply.IsOk) throw new OrleansException($"{reply.Error.ToText()}: the membership table cannot be read from meta now. {reply.Detail}");
            return _last = SiloRows.DataOf(MetaOps.ReadSilos(new ReplyReader(reply.Body.Span).Bulk()));
        }
        catch (Exception e) when (IsExpected(e))
        {
            return _last;
        }
    }

    public async Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken)
    {
        var all = await ReadAllAsync(cancellationToken);
        return all.TryGet(key) is { } row ? new MembershipTableData(row, all.Version) : new MembershipTableData(all.Version);
    }

    public Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken) =>
        tableVersion.Version - 1 == SiloRows.VersionOf(tableVersion.VersionEtag)
            ? ChangeAsync(new SiloChange { Insert = SiloRows.Of(entry, tableVersion.Version) }, cancellationToken) : Task.FromResult(false);

    public Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken) =>
        tableVersion.Version - 1 == SiloRows.VersionOf(tableVersion.VersionEtag)
            ? ChangeAsync(new SiloChange { Update = SiloRows.Of(entry, tableVersion.Version), RowVersion = SiloRows.VersionOf(etag) }, cancellationToken) : Task.FromResult(false);

    public Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken) =>
        ChangeAsync(new SiloChange { Sign = new SiloSign(SiloRows.KeyOf(entry.SiloAddress), entry.IAmAliveTime.Ticks) }, cancellationToken);

    public Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken) =>
        ChangeAsync(new SiloChange { CleanUp = beforeDate.UtcTicks }, cancellationToken);

    public Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken) =>
        clusterId == cluster ? ChangeAsync(new SiloChange { Clear = true }, cancellationToken) : Task.CompletedTask;

    public Task InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion, default);

    public Task<MembershipTableData> ReadAll() => ReadAllAsync(default);

    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadRowAsync(key, default);

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => InsertRowAsync(entry, tableVersion, default);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => UpdateRowAsync(entry, etag, tableVersion, default);

    public Task UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry, default);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CleanupDefunctSiloEntriesAsync(beforeDate, default);

    public Task DeleteMembershipTableEntries(string clusterId) => DeleteMembershipTableEntriesAsync(clusterId, default);

    /// <returns>False when the table or the row is at another version; nothing was changed.</returns>
    private async Task<bool> ChangeAsync(SiloChange change, CancellationToken cancellationToken)
    {
        var stopping = isStopping();
        try
        {
            var calls = store();
            var reply = await calls.WriteAsync(MetaGroup, b => b.Write(MetaOps.ChangeSilos(change)), DeadlineOf(calls, stopping)).AsTask().WaitAsync(cancellationToken);
            _isLost = !reply.IsOk && reply.Error != ErrorCode.SessionVersionConflict;
            if (reply.IsOk) return true;
            if (reply.Error == ErrorCode.SessionVersionConflict) return false;
            throw new OrleansException($"{reply.Error.ToText()}: the membership table cannot be changed in meta now. {reply.Detail}");
        }
        catch (Exception e) when (IsExpected(e))
        {
            // The others will find out by themselves; the silo must not wait for them.
            return true;
        }
    }

    // Looked at when the call has failed: the node of a silo whose start was cut off ends under a call that began before.
    private bool IsExpected(Exception e) => isStopping() && e is OrleansException or NodeNotReadyException or OperationCanceledException;

    private long DeadlineOf(StoreClient calls, bool stopping) => calls.Node.NowMs + (!stopping ? DeadlineMs : _isLost ? LostMs : StoppingMs);
}
