using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace TokMesh.Host;

/// <summary>
/// Accepts connections as Kestrel's own transport does, but for two things. It leaves the last descriptors to the rest of the node: however fast
/// connections come that will be refused, the log and the silo can open what they need. And when there is none all the same, it waits a moment
/// before it tries again; Kestrel's tries at once, for ever, which takes a whole core from the rest of the node.
/// </summary>
internal sealed class PatientTransport(IOptions<SocketTransportOptions> options, ILoggerFactory loggers, AcceptTrouble trouble) : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new Listener(endpoint, options.Value, loggers, trouble));

    private sealed class Listener : IConnectionListener
    {
        private const int PauseMs = 100;
        private readonly Socket _socket;
        private readonly SocketConnectionContextFactory _factory;
        private readonly AcceptTrouble _trouble;
        private volatile bool _isUnbound;

        public Listener(EndPoint endpoint, SocketTransportOptions options, ILoggerFactory loggers, AcceptTrouble trouble)
        {
            _trouble = trouble;
            _factory = new SocketConnectionContextFactory(Like(options), loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));
            _socket = options.CreateBoundListenSocket(endpoint);
            try
            {
                _socket.Listen(options.Backlog);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                throw new AddressInUseException(e.Message, e);
            }
            EndPoint = _socket.LocalEndPoint!;
        }

        public EndPoint EndPoint { get; }

        private static SocketConnectionFactoryOptions Like(SocketTransportOptions options) => new()
        {
            IOQueueCount = options.IOQueueCount,
            WaitForDataBeforeAllocatingBuffer = options.WaitForDataBeforeAllocatingBuffer,
            MaxReadBufferSize = options.MaxReadBufferSize,
            MaxWriteBufferSize = options.MaxWriteBufferSize,
            UnsafePreferInlineScheduling = options.UnsafePreferInlineScheduling,
        };

        [SuppressMessage("Reliability", "CA2000", Justification = "The connection owns its socket.")]
        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    var accepted = await _socket.AcceptAsync(cancellationToken);
                    if (accepted.LocalEndPoint is IPEndPoint) accepted.NoDelay = true;
                    // The lowest free number is given: a high one says that few are left.
                    if (accepted.Handle >= _trouble.Highest)
                    {
                        while (!_isUnbound && _trouble.AreFew()) await Task.Delay(PauseMs, CancellationToken.None);
                    }
                    return _factory.Create(accepted);
                }
                catch (ObjectDisposedException)
                {
                    return null;
                }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted || _isUnbound)
                {
                    return null;
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
                {
                    // The client waits in the backlog meanwhile.
                    _trouble.NoDescriptor();
                    await Task.Delay(PauseMs, CancellationToken.None);
                }
                catch (SocketException)
                {
                    // It was reset while it waited in the backlog.
                }
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _isUnbound = true;
            _socket.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            _socket.Dispose();
            _factory.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
