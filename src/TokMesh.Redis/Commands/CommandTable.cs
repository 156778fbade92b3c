using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Text;

namespace TokMesh.Redis.Commands;

/// <summary>All commands; arities, flags and summaries of Redis's own are those of Redis 7.0 (https://redis.io/commands).</summary>
internal static class CommandTable
{
    private const int MaxNameBytes = 16;
    private const string Handshake = "noscript,loading,stale,fast,no_auth,allow_busy";

    /// <summary>In the order of <c>COMMAND</c>'s reply.</summary>
    public static readonly CommandSpec[] All =
    [
        Connection(Command.Hello, "hello", -1, Access.Open, Handshake, "@fast,@connection", "6.0.0", "Handshake with Redis"),
        Connection(Command.Auth, "auth", -2, Access.Open, Handshake, "@fast,@connection", "1.0.0", "Authenticate to the server"),
        Connection(Command.Ping, "ping", -1, Access.Anyone, "fast", "@fast,@connection", "1.0.0", "Ping the server"),
        Connection(Command.Echo, "echo", 2, Access.Anyone, "loading,stale,fast", "@fast,@connection", "1.0.0", "Echo the given string"),
        Connection(Command.Quit, "quit", -1, Access.Open, Handshake, "@fast,@connection", "1.0.0", "Close the connection"),
        Connection(Command.Select, "select", 2, Access.Anyone, "loading,stale,fast", "@fast,@connection", "1.0.0", "Change the selected database for the current connection"),
        Connection(Command.Client, "client", -2, Access.Anyone, "", "@slow", "2.4.0", "A container for client connection commands"),
        Connection(Command.Reset, "reset", 1, Access.Open, Handshake, "@fast,@connection", "6.2.0", "Reset the connection"),
        Server(Command.Command, "command", -1, Access.Anyone, "loading,stale", "@slow,@connection", "2.8.13", "Get array of Redis command details"),
        Server(Command.Info, "info", -1, Access.Anyone, "loading,stale", "@slow,@dangerous", "1.0.0", "Get information and statistics about the server"),
        Server(Command.Config, "config", -2, Access.Anyone, "", "@slow", "2.0.0", "A container for server configuration commands"),
        Server(Command.Time, "time", 1, Access.Anyone, "loading,stale,fast", "@fast", "2.6.0", "Return the current server time"),
        Server(Command.DbSize, "dbsize", 1, Access.Issuer, "readonly,fast", "@keyspace,@read,@fast", "1.0.0", "Return the number of keys in the selected database"),
        Key(Command.Get, "get", 2, "readonly,fast", "string", "1.0.0", "Get the value of a key"),
        Key(Command.Set, "set", -3, "write,denyoom", "string", "1.0.0", "Set the string value of a key"),
        Key(Command.SetEx, "setex", 4, "write,denyoom", "string", "2.0.0", "Set the value and expiration of a key"),
        Key(Command.PSetEx, "psetex", 4, "write,denyoom", "string", "2.6.0", "Set the value and expiration in milliseconds of a key"),
        Key(Command.SetNx, "setnx", 3, "write,denyoom,fast", "string", "1.0.0", "Set the value of a key, only if the key does not exist"),
        Key(Command.GetSet, "getset", 3, "write,denyoom,fast", "string", "1.0.0", "Set the string value of a key and return its old value"),
        Key(Command.GetDel, "getdel", 2, "write,fast", "string", "6.2.0", "Get the value of a key and delete the key"),
        Key(Command.GetEx, "getex", -2, "write,fast", "string", "6.2.0", "Get the value of a key and optionally set its expiration"),
        Key(Command.MGet, "mget", -2, "readonly,fast", "string", "1.0.0", "Get the values of all the given keys", lastKey: -1),
        Key(Command.MSet, "mset", -3, "write,denyoom", "string", "1.0.1", "Set multiple keys to multiple values", lastKey: -1, keyStep: 2),
        Key(Command.Incr, "incr", 2, "write,denyoom,fast", "string", "1.0.0", "Increment the integer value of a key by one"),
        Key(Command.IncrBy, "incrby", 3, "write,denyoom,fast", "string", "1.0.0", "Increment the integer value of a key by the given amount"),
        Key(Command.Decr, "decr", 2, "write,denyoom,fast", "string", "1.0.0", "Decrement the integer value of a key by one"),
        Key(Command.DecrBy, "decrby", 3, "write,denyoom,fast", "string", "1.0.0", "Decrement the integer value of a key by the given number"),
        Key(Command.Append, "append", 3, "write,denyoom,fast", "string", "2.0.0", "Append a value to a key"),
        Key(Command.StrLen, "strlen", 2, "readonly,fast", "string", "2.2.0", "Get the length of the value stored in a key"),
        Key(Command.Del, "del", -2, "write", "generic", "1.0.0", "Delete a key", lastKey: -1),
        Key(Command.Unlink, "unlink", -2, "write,fast", "generic", "4.0.0", "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking.", lastKey: -1),
        Key(Command.Exists, "exists", -2, "readonly,fast", "generic", "1.0.0", "Determine if a key exists", lastKey: -1),
        Key(Command.Expire, "expire", -3, "write,fast", "generic", "1.0.0", "Set a key's time to live in seconds"),
        Key(Command.PExpire, "pexpire", -3, "write,fast", "generic", "2.6.0", "Set a key's time to live in milliseconds"),
        Key(Command.ExpireAt, "expireat", -3, "write,fast", "generic", "1.2.0", "Set the expiration for a key as a UNIX timestamp"),
        Key(Command.PExpireAt, "pexpireat", -3, "write,fast", "generic", "2.6.0", "Set the expiration for a key as a UNIX timestamp specified in milliseconds"),
        Key(Command.Ttl, "ttl", 2, "readonly,fast", "generic", "1.0.0", "Get the time to live for a key in seconds"),
        Key(Command.PTtl, "pttl", 2, "readonly,fast", "generic", "2.6.0", "Get the time to live for a key in milliseconds"),
        Key(Command.ExpireTime, "expiretime", 2, "readonly,fast", "generic", "7.0.0", "Get the expiration Unix timestamp for a key"),
        Key(Command.PExpireTime, "pexpiretime", 2, "readonly,fast", "generic", "7.0.0", "Get the expiration Unix timestamp for a key in milliseconds"),
        Key(Command.Persist, "persist", 2, "write,fast", "generic", "2.2.0", "Remove the expiration from a key"),
        Key(Command.Type, "type", 2, "readonly,fast", "generic", "1.0.0", "Determine the type stored at key"),
        new(Command.Scan, "scan", -2, Access.Admin, "readonly", "@keyspace,@read,@slow", 0, 0, 0, "generic", "2.8.0", "Incrementally iterate the keys space"),
        TokMesh(Command.TmCreate, "tm.create", -3, Access.Issuer, "write", 1, "Create a session with a given id and a generated token"),
        TokMesh(Command.TmValidate, "tm.validate", -2, Access.Validator, "readonly,fast", 0, "Check a token"),
        TokMesh(Command.TmTouch, "tm.touch", 2, Access.Validator, "fast", 1, "Note that a session is in use"),
        TokMesh(Command.TmRevokeUser, "tm.revoke_user", 2, Access.Issuer, "write", 0, "End all sessions of a user"),
    ];

    private static readonly FrozenDictionary<UInt128, CommandSpec> ByName = All.ToFrozenDictionary(c => Pack(Encoding.ASCII.GetBytes(c.Name)));

    /// <summary>The command of a name in any case; null if there is none.</summary>
    public static CommandSpec? Find(ReadOnlySpan<byte> name) =>
        name.Length <= MaxNameBytes && ByName.TryGetValue(Pack(name), out var command) && command.Name.Length == name.Length ? command : null;

    /// <summary>The name in lower case as one number, so that looking it up makes no string.</summary>
    private static UInt128 Pack(ReadOnlySpan<byte> name)
    {
        UInt128 packed = 0;
        var bytes = MemoryMarshal.AsBytes(new Span<UInt128>(ref packed));
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            bytes[i] = c is >= (byte)'A' and <= (byte)'Z' ? (byte)(c | 0x20) : c;
        }
        return packed;
    }

    private static CommandSpec Connection(Command id, string name, int arity, Access access, string flags, string categories, string since, string summary) =>
        new(id, name, arity, access, flags, categories, 0, 0, 0, "connection", since, summary);

    private static CommandSpec Server(Command id, string name, int arity, Access access, string flags, string categories, string since, string summary) =>
        new(id, name, arity, access, flags, categories, 0, 0, 0, "server", since, summary);

    private static CommandSpec Key(Command id, string name, int arity, string flags, string group, string since, string summary, int lastKey = 1, int keyStep = 1)
    {
        var reads = flags.StartsWith("readonly", StringComparison.Ordinal);
        var categories = (group == "string" ? reads ? "@read,@string" : "@write,@string" : reads ? "@keyspace,@read" : "@keyspace,@write")
            + (flags.EndsWith("fast", StringComparison.Ordinal) ? ",@fast" : ",@slow");
        return new(id, name, arity, reads ? Access.ReadKey : Access.Issuer, flags, categories, 1, lastKey, keyStep, group, since, summary);
    }

    private static CommandSpec TokMesh(Command id, string name, int arity, Access access, string flags, int key, string summary) =>
        new(id, name, arity, access, flags, "@slow", key, key, key, "tokmesh", "7.0.0", summary);
}
