namespace TokMesh.State.Queries;

/// <summary>The first byte of a query. Travels between nodes of different versions: numbers may only grow (golden test).</summary>
public enum QueryCode : byte
{
    /// <summary><see cref="QueryForms.GetSession"/></summary>
    GetSession = 1,

    /// <summary><see cref="QueryForms.ValidateToken"/></summary>
    ValidateToken = 2,

    /// <summary><see cref="QueryForms.Touch"/></summary>
    Touch = 3,

    /// <summary><see cref="QueryForms.SessionTtl"/></summary>
    SessionTtl = 4,

    /// <summary><see cref="QueryForms.SessionsExist"/></summary>
    SessionsExist = 5,

    /// <summary><see cref="SessionSearch.Write"/></summary>
    Search = 6,

    /// <summary><see cref="QueryForms.Count"/></summary>
    Count = 7,

    /// <summary><see cref="QueryForms.Get"/></summary>
    KeyGet = 20,

    /// <summary><see cref="QueryForms.MGet"/></summary>
    KeyMGet = 21,

    /// <summary><see cref="QueryForms.GetWithVersion"/></summary>
    KeyGetWithVersion = 22,

    /// <summary><see cref="QueryForms.Strlen"/></summary>
    KeyStrlen = 23,

    /// <summary><see cref="QueryForms.Exists"/></summary>
    KeyExists = 24,

    /// <summary><see cref="QueryForms.PTtl"/></summary>
    KeyPTtl = 25,

    /// <summary><see cref="QueryForms.PExpireTime"/></summary>
    KeyPExpireTime = 26,

    /// <summary><see cref="QueryForms.Type"/></summary>
    KeyType = 27,

    /// <summary><see cref="QueryForms.Scan"/></summary>
    Scan = 28,

    /// <summary><see cref="QueryForms.GetWithin"/></summary>
    KeyGetWithin = 29,

    /// <summary><see cref="QueryForms.MGetWithin"/></summary>
    KeyMGetWithin = 30,

    /// <summary><see cref="QueryForms.LookupName"/></summary>
    LookupName = 40,

    /// <summary><see cref="QueryForms.UnconfirmedNames"/></summary>
    UnconfirmedNames = 41,

    /// <summary><see cref="QueryForms.Outbox"/></summary>
    Outbox = 42,
}
