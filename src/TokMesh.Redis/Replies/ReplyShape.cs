namespace TokMesh.Redis.Replies;

/// <summary>How the shards' replies to one command become its reply.</summary>
internal enum ReplyShape : byte
{
    /// <summary>Written already: a piece of the stage's own bytes.</summary>
    Written,

    /// <summary>As the shard says it: OK, integer, bulk, nil, array.</summary>
    Plain,

    /// <summary>Milliseconds to seconds, rounded; negative ones as they are.</summary>
    Seconds,

    /// <summary>1 for OK, 0 for nil.</summary>
    OneIfOk,

    /// <summary>A bulk as a simple string.</summary>
    Status,

    /// <summary>Several shards: the sum of their integers.</summary>
    Sum,

    /// <summary>Several shards: OK when all are.</summary>
    AllOk,

    /// <summary>Several shards: their values in the order of the keys.</summary>
    Values,

    /// <summary>A value, or its length if it is too long to be brought along with others.</summary>
    Value,

    /// <summary>A value that was not fetched, since the connections hold as much as they may.</summary>
    NoRoom,

    /// <summary>How many of one key there are: the error of a time that is no integer if it is there, else nil.</summary>
    NotAnIntegerIfThere,

    /// <summary>How many of one key there are: the error of a time that cannot be if it is there, else nil.</summary>
    InvalidExpireIfThere,

    /// <summary>A session as JSON, nil if there is none.</summary>
    SessionJson,

    /// <summary>A session's remaining milliseconds.</summary>
    SessionTtl,

    /// <summary>A session's remaining milliseconds, as seconds.</summary>
    SessionTtlSeconds,

    /// <summary>A session's remaining milliseconds: 1 if it is there.</summary>
    SessionThere,

    /// <summary>A session's remaining milliseconds: <c>string</c> if it is there, else <c>none</c>.</summary>
    SessionType,

    /// <summary>A session's new expiry: 1, or 0 if there is no session.</summary>
    SessionRenewed,

    /// <summary>How many sessions were ended.</summary>
    SessionEnded,

    /// <summary>OK for a valid token.</summary>
    TokenValid,

    /// <summary>A session's last_active.</summary>
    SessionTouched,
}
