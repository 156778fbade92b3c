using System.Text;

namespace TokMesh.State.Errors;

/// <summary>
/// Text that clients send, for the front ends to check before anything is made of it: well-formed Unicode without NUL, else TM-ARG-1001
/// with the field's name (<see cref="TextFault"/>).
/// </summary>
public static class TextRules
{
    /// <summary>
    /// UTF-8 that throws instead of replacing what it cannot encode or decode: what is hashed or stored goes through it, so that a check
    /// that was forgotten is an error and not another's name.
    /// </summary>
    public static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Null when the rule holds.</summary>
    /// <param name="field">As the client knows it.</param>
    /// <param name="text">As it came out of JSON, or of a grain call.</param>
    public static RuleViolation? Check(string field, ReadOnlySpan<char> text) => Violation(field, TextFault.Of(text));

    /// <summary>The text of bytes; null when the rule holds.</summary>
    /// <param name="field">As the client knows it.</param>
    /// <param name="utf8">As they came in a path, a query or a Redis argument.</param>
    /// <param name="text">The text; empty if it is none.</param>
    public static RuleViolation? Read(string field, ReadOnlySpan<byte> utf8, out string text)
    {
        var fault = TextFault.Of(utf8);
        text = fault is null ? Utf8.GetString(utf8) : "";
        return Violation(field, fault);
    }

    private static RuleViolation? Violation(string field, string? fault) => fault is null ? null : new(ErrorCode.ArgumentInvalid, $"{field}: {fault}");
}
