using System.Collections.Concurrent;
using System.Net.Sockets;

namespace TokMesh.EndToEnd;

/// <summary>
/// The network between the nodes of a cluster, as it is just now: which two are cut off from each other, and whose bytes to whom are
/// held back. It speaks of directions of bytes, not of who dialled: one connection may carry both.
/// </summary>
internal sealed class Links
{
    private readonly ConcurrentDictionary<(string From, string To), bool> _cut = new();
    private readonly ConcurrentDictionary<(string From, string To), bool> _held = new();
    private readonly ConcurrentDictionary<Guid, (string Dialler, string Node, Socket A, Socket B)> _open = new();

    /// <summary>Nothing passes between the two any more, either way; open connections end, and new ones do too.</summary>
    public void Cut(string one, string other)
    {
        _cut[(one, other)] = _cut[(other, one)] = true;
        foreach (var (id, link) in _open)
        {
            if (!IsCut(link.Dialler, link.Node) || !_open.TryRemove(id, out _)) continue;
            link.A.Dispose();
            link.B.Dispose();
        }
    }

    /// <summary>What one sends to the other is under way until <see cref="Heal"/>; what comes back passes, and connections stay open.</summary>
    public void Hold(string from, string to) => _held[(from, to)] = true;

    /// <summary>Everything passes again; what was held back arrives late.</summary>
    public void Heal()
    {
        _cut.Clear();
        _held.Clear();
    }

    public bool IsCut(string one, string other) => _cut.ContainsKey((one, other));

    public bool IsHeld(string from, string to) => _held.ContainsKey((from, to));

    /// <summary>A connection that <see cref="Cut"/> is to end. False when its link is cut already.</summary>
    public bool Register(Guid id, string dialler, string node, Socket a, Socket b)
    {
        _open[id] = (dialler, node, a, b);
        if (!IsCut(dialler, node)) return true;
        _open.TryRemove(id, out _);
        return false;
    }

    public void Unregister(Guid id) => _open.TryRemove(id, out _);
}
