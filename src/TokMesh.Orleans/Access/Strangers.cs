using System.Net;
using Microsoft.AspNetCore.Connections;

namespace TokMesh.Orleans.Access;

/// <summary>
/// Connections at a port that have not shown who they are. There is room for some; beyond it the oldest makes way, of the same address if
/// that has its share: who belongs here needs its place for a moment only, and who stays is waiting for something else.
/// </summary>
/// <param name="most">Most of all addresses together.</param>
/// <param name="mostOfOneAddress">Most of one.</param>
internal sealed class Strangers(int most, int mostOfOneAddress)
{
    private readonly Lock _lock = new();
    private readonly List<ConnectionContext> _inOrder = [];

    /// <summary>A connection has been accepted.</summary>
    /// <returns>Whether another one has been closed for it.</returns>
    public bool Enter(ConnectionContext connection)
    {
        ConnectionContext? oldest;
        lock (_lock)
        {
            var ofAddress = _inOrder.FindAll(c => Equals(AddressOf(c), AddressOf(connection)));
            oldest = ofAddress.Count >= mostOfOneAddress ? ofAddress[0] : _inOrder.Count >= most ? _inOrder[0] : null;
            if (oldest is not null) _inOrder.Remove(oldest);
            _inOrder.Add(connection);
        }
        oldest?.Abort(new ConnectionAbortedException("It had not shown who it is, and others came."));
        return oldest is not null;
    }

    /// <summary>It is none any more: it has shown who it is, or has ended.</summary>
    public void Leave(ConnectionContext connection)
    {
        lock (_lock) _inOrder.Remove(connection);
    }

    private static IPAddress? AddressOf(ConnectionContext connection) => (connection.RemoteEndPoint as IPEndPoint)?.Address;
}
