using System.Net;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Sessions;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Sessions;

namespace TokMesh.Redis.FrontEnd;

/// <summary>What a connection is: its protocol, its name, and whom it has proved to be.</summary>
internal sealed class ClientState(RedisFrontEnd frontEnd, EndPoint? remote, EndPoint? local)
{
    private ApiKeyId? _keyId;
    private MetaView? _seen;
    private Identity _identity;

    public long Id { get; } = frontEnd.NextClientId();

    public IPEndPoint? Remote { get; } = remote as IPEndPoint;

    public IPEndPoint? Local { get; } = local as IPEndPoint;

    /// <summary>The client's address as the state keeps it.</summary>
    public byte[] Ip { get; } = IpBytes.Of((remote as IPEndPoint)?.Address);

    /// <summary>Monotonic milliseconds.</summary>
    public long ConnectedAtMs { get; } = frontEnd.Node.NowMs;

    /// <summary>Monotonic milliseconds of its last command.</summary>
    public long ActiveAtMs { get; set; } = frontEnd.Node.NowMs;

    public string LastCommand { get; set; } = "NULL";

    public string Name { get; set; } = "";

    public bool IsResp3 { get; set; }

    public Consistency Consistency { get; set; }

    /// <summary>The key it has proved to hold; null for none.</summary>
    public ApiKeyId? KeyId => _keyId;

    /// <summary>The key as it is now, or why it is refused. Changes of the key take effect with the next command.</summary>
    public Identity Identity
    {
        get
        {
            if (_keyId is not { } id) return new Identity(null, default, ErrorCode.AuthMissing);
            var meta = frontEnd.Node.Meta;
            // Null while this node has not caught up: then the authenticator has the say each time.
            if (meta is not null && ReferenceEquals(meta, _seen) && (_identity.Key is not { ExpiresAtMs: not 0 and var until } || frontEnd.WallMs() < until)) return _identity;
            _seen = meta;
            return _identity = frontEnd.Authenticator.Recheck(id);
        }
    }

    public bool IsAuthenticated => _keyId is not null && Identity.Key is not null;

    public bool MayUsePlainKeys => Identity.May(ApiRole.Issuer);

    public void Authenticated(ApiKeyId id)
    {
        _keyId = id;
        _seen = null;
    }

    /// <summary>RESET: as if newly connected.</summary>
    public void Reset()
    {
        _keyId = null;
        Name = "";
        IsResp3 = false;
        Consistency = Consistency.Linearizable;
    }

    /// <summary>For a call of the session service.</summary>
    public Caller Caller(long deadlineMs) => new(deadlineMs, Consistency, _keyId, Ip, default);
}
