namespace TokMesh.Redis.Commands;

/// <summary>The commands this front end knows.</summary>
internal enum Command : byte
{
    Hello,
    Auth,
    Ping,
    Echo,
    Quit,
    Select,
    Client,
    Command,
    Info,
    Config,
    Reset,
    Time,
    Get,
    Set,
    SetEx,
    PSetEx,
    SetNx,
    GetSet,
    GetDel,
    GetEx,
    MGet,
    MSet,
    Del,
    Unlink,
    Exists,
    Expire,
    PExpire,
    ExpireAt,
    PExpireAt,
    Ttl,
    PTtl,
    ExpireTime,
    PExpireTime,
    Persist,
    Type,
    Incr,
    IncrBy,
    Decr,
    DecrBy,
    Append,
    StrLen,
    Scan,
    DbSize,
    TmCreate,
    TmValidate,
    TmTouch,
    TmRevokeUser,
}

/// <summary>Who may use a command.</summary>
internal enum Access : byte
{
    /// <summary>Anybody, before authentication too.</summary>
    Open,

    /// <summary>Any key.</summary>
    Anyone,

    /// <summary>Reads a key: of sessions validators too, of plain keys issuers.</summary>
    ReadKey,

    /// <summary>Validators, issuers, admins.</summary>
    Validator,

    /// <summary>Issuers and admins.</summary>
    Issuer,

    /// <summary>Admins.</summary>
    Admin,
}

/// <summary>What is known of a command without executing it.</summary>
/// <param name="Id">Which one.</param>
/// <param name="Name">Its name in lower case.</param>
/// <param name="Arity">Words it has; negative: at least so many.</param>
/// <param name="Access">Who may use it.</param>
/// <param name="Flags">Redis's flags, separated by commas.</param>
/// <param name="Categories">Redis's ACL categories, separated by commas.</param>
/// <param name="FirstKey">First word that is a key; 0 for none.</param>
/// <param name="LastKey">Last word that is a key; -1 for the last of all.</param>
/// <param name="KeyStep">Words from key to key.</param>
/// <param name="Group">Redis's group.</param>
/// <param name="Since">Version of Redis that brought it.</param>
/// <param name="Summary">What it does.</param>
internal sealed record CommandSpec(Command Id, string Name, int Arity, Access Access, string Flags, string Categories, int FirstKey,
    int LastKey, int KeyStep, string Group, string Since, string Summary)
{
    public bool Fits(int words) => Arity >= 0 ? words == Arity : words >= -Arity;
}
