using System.Diagnostics.Tracing;

namespace TokMesh.Bench;

/// <summary>The pauses of garbage collection in some span of time.</summary>
/// <param name="Count">How many; a background collection pauses more than once.</param>
/// <param name="TotalMs">All together.</param>
/// <param name="P99Ms">99th percentile: on a busy machine the longest is as much its scheduler's doing.</param>
/// <param name="LongestMs">The longest, which a request may have waited for.</param>
/// <param name="RuntimeTotalMs">What the runtime's own counter says of the total: far from it, events were missed.</param>
internal sealed record GcPauseFigures(int Count, double TotalMs, double P99Ms, double LongestMs, double RuntimeTotalMs);

/// <summary>
/// Notes every pause of this process for garbage collection, from the first thread being asked to stop to the last one running
/// again. The runtime's counters know the total and the last one, not the longest: that takes its events.
/// </summary>
internal sealed class GcPauses : EventListener
{
    private const EventKeywords GcKeyword = (EventKeywords)1;
    private const int RestartEnd = 3;
    private const int SuspendBegin = 9;
    private const uint ForGc = 1;
    private const uint ForGcPreparation = 6;

    private readonly Lock _lock = new();
    private readonly List<(DateTime Begin, TimeSpan Length)> _pauses = [];
    private DateTime? _begin;
    private DateTime _from;
    private TimeSpan _runtimeTotal;

    /// <summary>From now on pauses count.</summary>
    public void Begin()
    {
        lock (_lock) _pauses.Clear();
        _runtimeTotal = GC.GetTotalPauseDuration();
        _from = DateTime.UtcNow;
    }

    /// <summary>The pauses since <see cref="Begin"/>.</summary>
    /// <exception cref="TimeoutException">The runtime sends no events.</exception>
    public async Task<GcPauseFigures> EndAsync()
    {
        var to = DateTime.UtcNow;
        var runtimeTotal = GC.GetTotalPauseDuration() - _runtimeTotal;
        // Events come late, but in order: when that of one more collection is here, all before it are.
        GC.Collect(0);
        for (var i = 0; i < 1000; i++)
        {
            lock (_lock)
            {
                if (_pauses.Count > 0 && _pauses[^1].Begin >= to) return Figures(to, runtimeTotal);
            }
            await Task.Delay(10);
        }
        throw new TimeoutException("The runtime has not told of a collection for 10 s.");
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Microsoft-Windows-DotNETRuntime") EnableEvents(eventSource, EventLevel.Informational, GcKeyword);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        lock (_lock)
        {
            switch (eventData.EventId)
            {
                // The debugger and the JIT stop threads too; that is no collection.
                case SuspendBegin:
                    _begin = eventData.Payload?[0] is ForGc or ForGcPreparation ? eventData.TimeStamp : null;
                    break;
                case RestartEnd when _begin is { } begin:
                    _pauses.Add((begin, eventData.TimeStamp - begin));
                    _begin = null;
                    break;
            }
        }
    }

    private GcPauseFigures Figures(DateTime to, TimeSpan runtimeTotal)
    {
        var lengths = _pauses.Where(p => p.Begin >= _from && p.Begin < to).Select(p => p.Length.TotalMilliseconds).Order().ToArray();
        return lengths.Length == 0
            ? new GcPauseFigures(0, 0, 0, 0, runtimeTotal.TotalMilliseconds)
            : new GcPauseFigures(lengths.Length, lengths.Sum(), lengths[(lengths.Length - 1) * 99 / 100], lengths[^1], runtimeTotal.TotalMilliseconds);
    }
}
