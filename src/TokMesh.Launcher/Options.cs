using System.Globalization;

namespace TokMesh.Launcher;

/// <summary>The command line is wrong; the message says how.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>What the user asked for.</summary>
internal sealed record Options(string Command, int? Nodes, string Data, bool Detach, bool Json, int? PortOffset, string? Postgres, IReadOnlyList<string> ServerOptions)
{
    public const string Help = """
        ./tokmesh up [--nodes N] [--data DIR] [--detach] [--json] [--port-offset K]
                     [--postgres auto|CONNECTION-STRING|none] [-- --key=value ...]
            Starts a cluster of N node processes on loopback (1 to 9, default 3; DIR defaults to ./data) and shows how to use it.
            Ctrl-C stops it. With --detach it returns when the cluster serves; DIR/cluster.json then says where everything is.
            On the data of an earlier cluster it continues that one, starting whichever nodes are not running.
            K is added to every port (HTTP 5080, Redis 6379, nodes 5343, Orleans clients 5344; node n adds 10(n-1)).
            Every node is an Orleans silo. Which silos there are is kept in the cluster itself, and nothing else is needed. With
            --postgres it is kept in PostgreSQL: auto is one in DIR/postgres that comes and goes with the cluster; a connection
            string names one of yours, prepared with the scripts in sql/; none goes back to the cluster itself. The choice is
            remembered. The data is the same in any case: a stopped cluster may be started with another choice.
            DIR/cluster.secret, made with the cluster, is what the nodes know each other by.
            What follows -- goes to every server as it is; "./tokmesh up -- --help" lists the keys.
        ./tokmesh down [--data DIR] [--json]
            Stops the cluster that runs on DIR.
        ./tokmesh test [PATTERN]
            Runs every test, or those whose project name contains PATTERN, and prints one closing line.
        ./tokmesh sim [--seeds A..B] [--minutes M] [--profile P] [--trace FILE]
            Simulates whole clusters under faults on virtual time and checks everything; --help says more.
        ./tokmesh bench [OPTIONS]
            Measures a cluster; --vs redis,etcd compares; --help says more.
        """;

    private static readonly string[] Commands = ["up", "down", "test", "sim", "bench", "help"];
    private static readonly string[] OptionsOfUp = ["--nodes", "--data", "--detach", "--json", "--port-offset", "--postgres", "--help"];
    private static readonly string[] OptionsOfDown = ["--data", "--json", "--help"];

    public static Options Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0) throw new UsageException("A command is missing.");
        int? nodes = null;
        var data = "data";
        bool detach = false, json = false;
        int? offset = null;
        string? postgres = null;
        var rest = new List<string>();
        var command = arguments[0];
        if (command is not ("up" or "down")) throw new UsageException($"\"{command}\" is not a command.{NearestWord.Hint(command, Commands)}");
        arguments = Separated(arguments);
        for (var i = 1; i < arguments.Count; i++)
        {
            switch (arguments[i])
            {
                case not ("--data" or "--json") when command == "down":
                    throw new UsageException($"\"{arguments[i]}\" is not an option of down.{NearestWord.Hint(arguments[i], OptionsOfDown)}");
                case "--nodes":
                    nodes = Number(arguments, ref i, 1, 9);
                    break;
                case "--port-offset":
                    offset = Number(arguments, ref i, 0, 50_000);
                    break;
                case "--data":
                    data = Value(arguments, ref i);
                    break;
                case "--postgres":
                    postgres = Value(arguments, ref i);
                    if (postgres is not (MembershipChoice.Auto or MembershipChoice.None) && !postgres.Contains('='))
                        throw new UsageException("--postgres is neither auto nor none nor a connection string such as Host=…;Database=…;Username=…;Password=….");
                    break;
                case "--detach":
                    detach = true;
                    break;
                case "--json":
                    json = true;
                    break;
                case "--":
                    rest.AddRange(arguments.Skip(i + 1));
                    i = arguments.Count;
                    break;
                default:
                    throw new UsageException($"\"{arguments[i]}\" is not an option of {command}.{(arguments[i].Contains('.', StringComparison.Ordinal) ? " Options of the servers come after a --." : NearestWord.Hint(arguments[i], OptionsOfUp))}");
            }
        }
        return new Options(command, nodes, Path.GetFullPath(data), detach, json, offset, postgres, rest);
    }

    // "--nodes=3" is "--nodes 3", up to the "--" behind which nothing is ours.
    private static List<string> Separated(IReadOnlyList<string> arguments)
    {
        var separated = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == "--") return [.. separated, .. arguments.Skip(i)];
            var equals = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i].IndexOf('=') : -1;
            if (equals < 0 || arguments[i].AsSpan(0, equals).Contains('.')) separated.Add(arguments[i]);
            else separated.AddRange([arguments[i][..equals], arguments[i][(equals + 1)..]]);
        }
        return separated;
    }

    private static string Value(IReadOnlyList<string> arguments, ref int i) =>
        i + 1 < arguments.Count ? arguments[++i] : throw new UsageException($"{arguments[i]} needs a value.");

    private static int Number(IReadOnlyList<string> arguments, ref int i, int min, int max)
    {
        var name = arguments[i];
        var text = Value(arguments, ref i);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number : throw new UsageException($"{name} is \"{text}\"; allowed is {min} to {max}.");
    }
}
