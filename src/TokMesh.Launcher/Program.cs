using TokMesh.Launcher;

if (args is [] or ["help", ..] || args.TakeWhile(a => a != "--").Any(a => a is "--help" or "-h"))
{
    Console.WriteLine(Options.Help);
    return 0;
}
try
{
    // What was typed wrong is said first, whatever else is amiss.
    var options = Options.Parse(args);
    var server = Environment.GetEnvironmentVariable("TOKMESH_SERVER_DLL")
        ?? throw new LaunchException("TOKMESH_SERVER_DLL is not set: start this program through ./tokmesh.");
    // The servers take every TOKMESH_ variable for a setting of theirs.
    Environment.SetEnvironmentVariable("TOKMESH_SERVER_DLL", null);
    if (options.ServerOptions.Contains("--help"))
    {
        using var help = System.Diagnostics.Process.Start("dotnet", [server, "--help"]);
        await help.WaitForExitAsync();
        return help.ExitCode;
    }
    var up = new Up(options, server);
    return options.Command == "up" ? await up.RunAsync() : await up.DownAsync();
}
catch (UsageException e)
{
    await Console.Error.WriteLineAsync($"{e.Message}\n\"./tokmesh --help\" lists the commands and their options.");
    return 64;
}
catch (Exception e) when (e is LaunchException or IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
