using TokMesh.Launcher;

if (args is [] or ["--help"] or ["-h"] or ["help"])
{
    Console.WriteLine(Options.Help);
    return 0;
}
try
{
    var server = Environment.GetEnvironmentVariable("TOKMESH_SERVER_DLL")
        ?? throw new LaunchException("TOKMESH_SERVER_DLL is not set: start this program through ./tokmesh.");
    // The servers take every TOKMESH_ variable for a setting of theirs.
    Environment.SetEnvironmentVariable("TOKMESH_SERVER_DLL", null);
    var options = Options.Parse(args);
    var up = new Up(options, server);
    return options.Command switch
    {
        "up" => await up.RunAsync(),
        "down" => await up.DownAsync(),
        _ => throw new UsageException($"\"{options.Command}\" is not a command."),
    };
}
catch (UsageException e)
{
    await Console.Error.WriteLineAsync($"{e.Message}\n\n{Options.Help}");
    return 64;
}
catch (LaunchException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
