namespace TokMesh.State;

/// <summary>The first byte of a query. Travels between nodes of different versions: numbers may only grow (golden test).</summary>
public enum QueryCode : byte
{
    /// <summary><see cref="Queries.GetSession"/></summary>
    GetSession = 1,

    /// <summary><see cref="Queries.ValidateToken"/></summary>
    ValidateToken = 2,

    /// <summary><see cref="Queries.Touch"/></summary>
    Touch = 3,

    /// <summary><see cref="Queries.SessionTtl"/></summary>
    SessionTtl = 4,

    /// <summary><see cref="Queries.SessionsExist"/></summary>
    SessionsExist = 5,

    /// <summary><see cref="SessionSearch.Write"/></summary>
    Search = 6,

    /// <summary><see cref="Queries.Count"/></summary>
    Count = 7,

    /// <summary><see cref="Queries.Get"/></summary>
    KeyGet = 20,

    /// <summary><see cref="Queries.MGet"/></summary>
    KeyMGet = 21,

    /// <summary><see cref="Queries.GetWithVersion"/></summary>
    KeyGetWithVersion = 22,

    /// <summary><see cref="Queries.Strlen"/></summary>
    KeyStrlen = 23,

    /// <summary><see cref="Queries.Exists"/></summary>
    KeyExists = 24,

    /// <summary><see cref="Queries.PTtl"/></summary>
    KeyPTtl = 25,

    /// <summary><see cref="Queries.PExpireTime"/></summary>
    KeyPExpireTime = 26,

    /// <summary><see cref="Queries.Type"/></summary>
    KeyType = 27,

    /// <summary><see cref="Queries.Scan"/></summary>
    Scan = 28,

    /// <summary><see cref="Queries.GetWithin"/></summary>
    KeyGetWithin = 29,

    /// <summary><see cref="Queries.MGetWithin"/></summary>
    KeyMGetWithin = 30,

    /// <summary><see cref="Queries.LookupName"/></summary>
    LookupName = 40,

    /// <summary><see cref="Queries.UnconfirmedNames"/></summary>
    UnconfirmedNames = 41,

    /// <summary><see cref="Queries.Outbox"/></summary>
    Outbox = 42,
}
