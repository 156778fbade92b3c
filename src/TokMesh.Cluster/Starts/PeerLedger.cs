using System.Collections.Concurrent;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Transport;
using TokMesh.Log.Recovery;
using TokMesh.Log.Writing;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Starts;

/// <summary>
/// What this node knows of the others' pasts, and which start of each it talks with now. Kept as notes in the log: the start when it is
/// admitted, before anything it says is heard; how far its log was durable, now and then. Any thread.
/// </summary>
internal sealed class PeerLedger
{
    private const int StoreAfterMs = 2_000;

    /// <summary>
    /// After its own start a node waits so long for those it knows before it lets in another start of theirs: longer than anybody
    /// pauses between two attempts to dial (<see cref="RetryPause"/>).
    /// </summary>
    private const int PresumedMs = 1_000;

    /// <summary>Writes of a peer after which its position is stored even if nothing else is: storing is a write too, and must not feed itself.</summary>
    private const ulong StoreAfterWrites = 64;

    private readonly ConcurrentDictionary<uint, Peer> _peers = [];
    private readonly Lock _lock = new();
    private readonly int _aliveMs;
    private readonly Action<uint, byte[], Action> _store;

    // The same as the dictionary, to be walked in every turn of a lane at no cost.
    private KeyValuePair<uint, Peer>[] _all;

    /// <param name="found">What the log held of earlier runs.</param>
    /// <param name="aliveMs">How long after it was last heard a node is taken to run.</param>
    /// <param name="nowMs">Monotonic milliseconds. A node that this one knew before its own start may still run, and then dials it soon.</param>
    /// <param name="store">Makes a note durable, then calls back.</param>
    /// <exception cref="FormatException">A note cannot be read.</exception>
    public PeerLedger(LogRecovery found, int aliveMs, long nowMs, Action<uint, byte[], Action> store)
    {
        (_aliveMs, _store) = (aliveMs, store);
        foreach (var (number, note) in found.Notes)
            if (LogNotes.IsOfMember(number)) _peers[number] = new Peer { Record = PeerRecord.Decode(note), IsStored = true, HeardAtMs = nowMs + PresumedMs - aliveMs };
        _all = [.. _peers];
    }

    /// <summary>
    /// Judges a node that introduces itself. When it may take part, <paramref name="done"/> is told null once its start is durable here,
    /// and not before: a start that a crash makes this node forget could be followed by an older one.
    /// </summary>
    public void Admit(MemberId member, string node, NodePast past, long nowMs, Action<HelloRefusal?> done)
    {
        HelloRefusal? refusal;
        var isKnown = false;
        byte[] note;
        Peer? peer;
        lock (_lock)
        {
            if (!_peers.TryGetValue(member.Value, out peer))
            {
                _peers[member.Value] = peer = new Peer();
                Volatile.Write(ref _all, [.. _peers]);
            }
            refusal = PastJudge.Judge(node, peer.Record, past, peer.WasHeard(nowMs, _aliveMs));
            if (refusal is null && peer.Record?.Start == past.Current && peer.IsStored)
            {
                isKnown = true;
                peer.Current = past.Current;
                peer.Heard(nowMs);
            }
            else if (refusal is null && peer.Record?.Start != past.Current)
            {
                peer.Record = (peer.Record ?? default).Admit(past);
                peer.IsStored = false;
                // The process that was spoken to so far is another one.
                peer.Current = NodeStart.None;
                peer.Heard(nowMs);
            }
            note = peer.Record?.Encode() ?? [];
        }
        if (refusal is not null || isKnown)
        {
            done(refusal);
            return;
        }
        _store(member.Value, note, () =>
        {
            lock (_lock)
            {
                if (peer.Record?.Start != past.Current)
                {
                    refusal = new HelloRefusal(Codes.DirectoryInUse, $"Another process introduced itself as node {node} at the same moment.", false);
                }
                else
                {
                    peer.IsStored = true;
                    peer.Current = past.Current;
                }
            }
            done(refusal);
        });
    }

    /// <summary>The start of a node that was admitted last, as it is on this node's disk; none before.</summary>
    public NodeStart StoredStart(MemberId member) =>
        _peers.TryGetValue(member.Value, out var peer) && peer is { IsStored: true, Record: { } record } ? record.Start : NodeStart.None;

    /// <summary>Whether some start of the node is talked with now.</summary>
    public bool IsHeard(MemberId member, long nowMs) =>
        _peers.TryGetValue(member.Value, out var peer) && peer.Nonce != 0 && peer.WasHeard(nowMs, _aliveMs);

    /// <summary>Whether this is the start of the node that is talked with; if so, it was heard now.</summary>
    public bool Hear(MemberId member, NodeStart start, long nowMs)
    {
        if (!_peers.TryGetValue(member.Value, out var peer) || peer.Nonce != start.Nonce || start == NodeStart.None) return false;
        peer.Heard(nowMs);
        return true;
    }

    /// <summary>How far the node says that its log is durable.</summary>
    public void Told(MemberId member, ulong sequence)
    {
        if (!_peers.TryGetValue(member.Value, out var peer)) return;
        lock (_lock)
        {
            if (peer.Record is not { } record || sequence <= record.Sequence) return;
            peer.Record = record with { Sequence = sequence };
            peer.Unstored += sequence - record.Sequence;
        }
    }

    /// <summary>
    /// It lacks entries that it had acknowledged. Nothing that goes on from this start of it is heard any more.
    /// </summary>
    public void Condemn(MemberId member)
    {
        if (!_peers.TryGetValue(member.Value, out var peer)) return;
        byte[] note;
        lock (_lock)
        {
            if (peer.Record is not { } record || peer.Current == NodeStart.None) return;
            peer.Record = record.Condemn();
            peer.Current = NodeStart.None;
            note = peer.Record.Value.Encode();
        }
        _store(member.Value, note, static () => { });
    }

    /// <summary>Adds to a batch what has changed since it was stored; called about every turn that writes, and now and then by others.</summary>
    /// <param name="batch">What is written next.</param>
    /// <param name="nowMs">Monotonic milliseconds.</param>
    /// <param name="all">Whether to store everything, however little: the node stops.</param>
    public void Store(LogBatch batch, long nowMs, bool all = false)
    {
        var writesAnyway = !batch.IsEmpty;
        foreach (var (number, peer) in Volatile.Read(ref _all))
        {
            if (peer.Unstored == 0 || (!all && (nowMs - peer.StoredAtMs < StoreAfterMs || (!writesAnyway && peer.Unstored < StoreAfterWrites)))) continue;
            lock (_lock)
            {
                peer.Unstored = 0;
                peer.StoredAtMs = nowMs;
                if (peer.Record is { } record) batch.AppendNote(number, record.Encode());
            }
        }
    }

    private sealed class Peer
    {
        private NodeStart _current;
        private ulong _nonce;
        private long _heardAt = long.MinValue / 2;

        public PeerRecord? Record { get; set; }

        /// <summary>Whether the start in the record is on this node's disk.</summary>
        public bool IsStored { get; set; }

        public ulong Unstored { get; set; }

        public long StoredAtMs { get; set; }

        /// <summary>The start that is talked with; none before it is admitted.</summary>
        public NodeStart Current
        {
            get => _current;
            set
            {
                _current = value;
                Volatile.Write(ref _nonce, value.Nonce);
            }
        }

        public ulong Nonce => Volatile.Read(ref _nonce);

        public long HeardAtMs { init => _heardAt = value; }

        public bool WasHeard(long nowMs, int aliveMs) => nowMs - Volatile.Read(ref _heardAt) < aliveMs;

        public void Heard(long nowMs)
        {
            if (nowMs > Volatile.Read(ref _heardAt)) Volatile.Write(ref _heardAt, nowMs);
        }
    }
}
