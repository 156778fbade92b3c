using System.Buffers;
using System.Collections;
using System.Text.Json;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.Json;
using TokMesh.Cluster.Errors;

namespace TokMesh.Host.Configuration;

/// <summary>
/// Where a setting may stand, the later winning: a JSON file, <c>TOKMESH_</c> variables, the command line. They are .NET's providers of
/// configuration, with every key below <c>TokMesh</c>; what these would pass over in silence is a problem here.
/// </summary>
internal sealed class SettingSources
{
    private const string Root = "TokMesh";
    private const string FileOption = "--config";
    private const string FileVariable = "TOKMESH_CONFIG";
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    private static readonly Dictionary<string, SettingKey> Keys = SettingKey.All.ToDictionary(k => k.Name, StringComparer.OrdinalIgnoreCase);

    private readonly IConfigurationRoot _configuration;
    private readonly List<SettingProblem> _problems;
    private string? _file;

    /// <param name="configuration">Gets the sources.</param>
    /// <param name="problems">Gets what is wrong with them.</param>
    public SettingSources(ConfigurationManager configuration, IReadOnlyList<string> arguments, IDictionary environment, List<SettingProblem> problems)
    {
        (_configuration, _problems) = (configuration, problems);
        _file = environment[FileVariable] as string;
        var typed = KnownArguments(arguments);
        if (!string.IsNullOrEmpty(_file)) AddFile(configuration, _file);
        ((IConfigurationBuilder)configuration).Add(new Variables(KnownVariables(environment)));
        configuration.AddCommandLine([.. typed], SettingKey.All.ToDictionary(k => k.Option, k => PathOf(k)));
    }

    /// <summary>The value of a key and where it stands; null when nobody gave one.</summary>
    public (string Value, string Source)? Find(SettingKey key)
    {
        foreach (var provider in _configuration.Providers.Reverse())
        {
            var children = ChildrenOf(provider, PathOf(key));
            if (children.Length == 0 && !provider.TryGet(PathOf(key), out _)) continue;
            // Keys below it are no keys, which is said of them.
            if (!children.All(static c => int.TryParse(c, out _))) continue;
            var values = children.Length == 0 ? [Value(provider, PathOf(key))] : children.Select(c => Value(provider, $"{PathOf(key)}:{c}")).ToArray();
            if (!values.Contains(null)) return (string.Join(',', values), SourceOf(provider, key));
            _problems.Add(new(Codes.ConfigType, key.Name, $"is null, or holds more than plain values ({_file})", "give it a value, or leave it out"));
            return null;
        }
        return null;
    }

    private static string PathOf(SettingKey key) => $"{Root}:{key.Name.Replace('.', ':')}";

    private static string[] ChildrenOf(IConfigurationProvider provider, string path) => [.. provider.GetChildKeys([], path).Distinct(StringComparer.OrdinalIgnoreCase)];

    private static string? Value(IConfigurationProvider provider, string path) => provider.TryGet(path, out var value) ? value : null;

    private string SourceOf(IConfigurationProvider provider, SettingKey key) => provider switch
    {
        CommandLineConfigurationProvider => key.Option,
        Variables => key.Variable,
        _ => _file!,
    };

    private void AddFile(ConfigurationManager configuration, string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            configuration.AddJsonStream(stream);
        }
        catch (JsonException e)
        {
            _problems.Add(new(Codes.ConfigType, file, $"is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine}", "correct it there"));
            return;
        }
        catch (FormatException e)
        {
            _problems.Add(new(Codes.ConfigType, file, "cannot be used: " + e.Message.TrimEnd('.'), "put each key once, into {\"TokMesh\": {…}}"));
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _problems.Add(new(e is UnauthorizedAccessException ? Codes.ConfigPermission : Codes.ConfigFileMissing, file, "cannot be read: " + e.Message, "check path and permissions"));
            return;
        }
        var json = _configuration.Providers.OfType<JsonStreamConfigurationProvider>().Last();
        if (ChildrenOf(json, Root).Length == 0 && (!json.TryGet(Root, out var value) || value is not null))
            _problems.Add(new(Codes.ConfigType, file, "has no object \"TokMesh\" at its top", "put the keys into {\"TokMesh\": {…}}"));
        CheckNames(json, Root);
    }

    // Whatever stands in the file at a place that is no key, nor leads to one.
    private void CheckNames(IConfigurationProvider json, string path)
    {
        foreach (var child in ChildrenOf(json, path))
        {
            if (child.Contains('.', StringComparison.Ordinal))
            {
                _problems.Add(new(Codes.ConfigType, child, $"has dots in its name ({_file})", "nest objects instead, one for each part of the name"));
                continue;
            }
            var below = $"{path}:{child}";
            var name = below[(Root.Length + 1)..].Replace(':', '.');
            var isKey = Keys.ContainsKey(name);
            var grandchildren = ChildrenOf(json, below);
            // A list of values, or what Find has to say.
            if (isKey && grandchildren.All(static c => int.TryParse(c, out _))) continue;
            if (grandchildren.Length > 0) CheckNames(json, below);
            else if (!SettingKey.All.Any(k => k.Name.StartsWith(name + ".", StringComparison.OrdinalIgnoreCase))) Unknown(name, _file!, name, SettingKey.All.Select(k => k.Name));
        }
    }

    // Key names contain underscores themselves, so a variable is matched against the known names instead of being taken apart.
    private Dictionary<string, string?> KnownVariables(IDictionary environment)
    {
        var known = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (DictionaryEntry variable in environment)
        {
            if (variable.Key is not string name || !name.StartsWith("TOKMESH_", StringComparison.Ordinal) || name == FileVariable) continue;
            if (SettingKey.All.FirstOrDefault(k => k.Variable == name) is { } key) known[PathOf(key)] = variable.Value as string ?? "";
            else Unknown(name, "a variable", name, SettingKey.All.Select(k => k.Variable));
        }
        return known;
    }

    /// <summary>The options that are keys, each as one word; the file, if one is named, is taken note of.</summary>
    private List<string> KnownArguments(IReadOnlyList<string> arguments)
    {
        var known = new List<string>();
        for (var n = 0; n < arguments.Count; n++)
        {
            var argument = arguments[n];
            var equals = argument.IndexOf('=');
            var option = equals < 0 ? argument : argument[..equals];
            var name = option.StartsWith("--", StringComparison.Ordinal) ? option[2..].Replace('-', '_') : "";
            var key = Keys.GetValueOrDefault(name);
            if (equals < 0 && (key is not null || option == FileOption) && n + 1 < arguments.Count && !arguments[n + 1].StartsWith("--", StringComparison.Ordinal))
                (equals, argument) = (argument.Length, $"{argument}={arguments[++n]}");
            if (name.Length == 0 || equals < 0) _problems.Add(new(Codes.ConfigType, Shown(argument), "is not of the form --key=value", "see --help"));
            else if (option == FileOption) _file = argument[(equals + 1)..];
            else if (key is null) Unknown(name, option, name, SettingKey.All.Select(k => k.Name));
            else known.Add($"{key.Option}={argument[(equals + 1)..]}");
        }
        return known;
    }

    private void Unknown(string path, string source, string name, IEnumerable<string> all) =>
        _problems.Add(new(Codes.ConfigType, path, $"is no key of this version ({source})", NearestWord.Of(name, all) is { } near ? $"did you mean {near}? --help lists all keys" : "remove it, or see --help for all keys"));

    // What is misspelt may have a secret in it, or be one: of an option only the name is shown, of anything else what is too short for one.
    private static string Shown(string argument)
    {
        if (!argument.StartsWith("--", StringComparison.Ordinal)) return argument.Length <= 16 ? Redaction.Mask(argument) : argument[..4] + "…";
        var end = argument.AsSpan().IndexOfAnyExcept(NameCharacters);
        return end < 0 ? argument : argument[..end] + "…";
    }

    private sealed class Variables : ConfigurationProvider, IConfigurationSource
    {
        public Variables(Dictionary<string, string?> values) => Data = values;

        public IConfigurationProvider Build(IConfigurationBuilder builder) => this;
    }
}
