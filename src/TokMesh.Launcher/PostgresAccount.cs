using System.Diagnostics;
using System.Globalization;

namespace TokMesh.Launcher;

/// <summary>
/// Who a private PostgreSQL runs as. PostgreSQL refuses to run as root, so that root lends it the account <c>postgres</c>, or
/// <c>nobody</c>; anybody else runs it as themselves.
/// </summary>
internal sealed record PostgresAccount(string Name, int User, int Group)
{
    /// <summary>Null for the account that runs this.</summary>
    public static PostgresAccount? Choose()
    {
        if (Environment.UserName != "root") return null;
        foreach (var name in (string[])["postgres", "nobody"])
        {
            if (File.ReadLines("/etc/passwd").Select(l => l.Split(':')).FirstOrDefault(f => f[0] == name) is [_, _, var user, var group, ..])
                return new PostgresAccount(name, int.Parse(user, CultureInfo.InvariantCulture), int.Parse(group, CultureInfo.InvariantCulture));
        }
        throw new LaunchException("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody to run it as.");
    }

    /// <summary>The command, as that user.</summary>
    public static ProcessStartInfo Command(PostgresAccount? account, string program, IEnumerable<string> arguments) => account is null
        ? new ProcessStartInfo(program, arguments)
        : new ProcessStartInfo("setpriv", [$"--reuid={account.User}", $"--regid={account.Group}", "--clear-groups", "--", program, .. arguments]);

    /// <summary>Gives it a file or directory.</summary>
    public void Own(string path)
    {
        if (Native.Chown(path, User, Group) != 0) throw new LaunchException($"{path} cannot be given to user {Name}.");
    }
}
