using System.Diagnostics;

namespace TokMesh.Bench;

/// <summary>Says on the error stream how far a load is, once it takes longer than a second: in place on a terminal, else a line now and then.</summary>
internal sealed class MemoryProgress(int total)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private double _nextAt = 1;
    private int _shown;

    public void Show(int done)
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        if (seconds < _nextAt) return;
        _nextAt = seconds + (_isTerminal ? 0.25 : 10);
        var text = $"  loading… {done} of {total}";
        if (_isTerminal) Console.Error.Write($"\r{text.PadRight(_shown)}");
        else Console.Error.WriteLine(text);
        _shown = text.Length;
    }

    /// <summary>Leaves no trace on a terminal.</summary>
    public void End()
    {
        if (_isTerminal && _shown > 0) Console.Error.Write($"\r{new string(' ', _shown)}\r");
    }
}
