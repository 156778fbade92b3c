using System.Text.Json;

namespace TokMesh.Simulation.Traces;

/// <summary>
/// What clients were told about keys, in the simplest way that can be wrong: every value read was written before, and had not been
/// overwritten by a write that was over before the read began.
/// </summary>
internal sealed class CallChecker
{
    private readonly Dictionary<long, Call> _open = [];
    private readonly List<Call> _ended = [];

    public void Called(JsonElement e) => _open.Add(e.GetProperty("call").GetInt64(), new Call(e.GetProperty("kind").GetString()!,
        e.GetProperty("register").GetString()!, e.GetProperty("value").GetString(), e.GetProperty("t").GetInt64()));

    public void Answered(JsonElement e)
    {
        if (!_open.Remove(e.GetProperty("call").GetInt64(), out var call)) throw new TraceViolation("an answer to no call");
        call.Ended = e.GetProperty("t").GetInt64();
        call.IsAnswered = e.GetProperty("outcome").ValueEquals("answered");
        call.Answer = e.GetProperty("value").GetString();
        _ended.Add(call);
    }

    public string? Problem()
    {
        if (_open.Count > 0) return $"{_open.Count} calls never ended";
        foreach (var register in _ended.Where(c => c.Register.StartsWith("key-", StringComparison.Ordinal)).GroupBy(c => c.Register))
        {
            var written = register.Where(c => c.Value is not null).ToDictionary(c => c.Value!);
            var overwriting = register.Where(c => c is { IsAnswered: true, Kind: "Write" or "Swap" }).ToArray();
            foreach (var read in register.Where(c => c is { Kind: "Read", IsAnswered: true, Answer: not null }))
            {
                if (!written.TryGetValue(read.Answer!, out var write) || write.Began > read.Ended) return $"{register.Key}: {read.Answer} was read at {read.Ended} and never written before";
                var newer = overwriting.FirstOrDefault(w => w != write && write.IsAnswered && w.Began > write.Ended && w.Ended < read.Began);
                if (newer is not null) return $"{register.Key}: {read.Answer} was read at {read.Began}, though overwritten by {newer.Ended}";
            }
        }
        return null;
    }

    private sealed record Call(string Kind, string Register, string? Value, long Began)
    {
        public long Ended { get; set; }

        public bool IsAnswered { get; set; }

        public string? Answer { get; set; }
    }
}
