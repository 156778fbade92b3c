using System.Net;
using System.Net.Sockets;

namespace TokMesh.Launcher;

/// <summary>A TCP port of this machine.</summary>
internal static class LoopbackPort
{
    /// <summary>Whether nobody listens on it just now.</summary>
    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
