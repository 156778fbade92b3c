using System.Reflection;

namespace TokMesh.Cluster.Errors;

/// <summary>What is known of an error code.</summary>
/// <param name="Code">As in <c>TM-SESS-4040</c>.</param>
/// <param name="Meaning">What happened, without an end.</param>
/// <param name="Remedy">What to do, without an end.</param>
public sealed record ErrorEntry(string Code, string Meaning, string Remedy);

/// <summary>The registry of errors; <c>docs/errors.md</c> is made of it.</summary>
public static class ErrorRegistry
{
    /// <summary>Every code of the product, health conditions included, in the order of its text.</summary>
    public static IReadOnlyList<ErrorEntry> All { get; } =
        [.. typeof(Codes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(EntryOf).Concat(HealthCodes.All.Select(static c => c.ToEntry())).OrderBy(static e => e.Code, StringComparer.Ordinal)];

    private static ErrorEntry EntryOf(FieldInfo code)
    {
        var known = code.GetCustomAttribute<ErrorAttribute>() ?? throw new InvalidOperationException($"{code.Name} does not say what it means and what to do.");
        return new ErrorEntry((string)code.GetRawConstantValue()!, known.Meaning, known.Remedy);
    }
}
