using Xunit.Abstractions;

namespace TokMesh.Raft.Tests.Scenarios;

/// <summary>A scenario's file by name. A type of its own, because a test runner cuts long strings short and these are sentences.</summary>
public sealed class ScenarioFile : IXunitSerializable
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Scenarios");

    public string Name { get; set; } = "";

    public static IEnumerable<ScenarioFile> All =>
        Directory.EnumerateFiles(Folder, "*.scenario").Order(StringComparer.Ordinal).Select(path => new ScenarioFile { Name = Path.GetFileNameWithoutExtension(path) });

    internal Scenario Read() => ScenarioReader.Read(Name + ".scenario", File.ReadAllText(Path.Combine(Folder, Name + ".scenario")));

    public void Deserialize(IXunitSerializationInfo info) => Name = info.GetValue<string>(nameof(Name));

    public void Serialize(IXunitSerializationInfo info) => info.AddValue(nameof(Name), Name);

    public override string ToString() => Name;
}
