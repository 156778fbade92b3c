using System.Buffers;
using TokMesh.Raft.Log;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests.Scenarios.Steps;

internal static class WireSteps
{
    /// <summary>The fields of a message that a line speaks of.</summary>
    public static MessageFilter Filter(ScenarioLine line) => new([.. line.Options.Where(o => MessageFilter.Fields.Contains(o.Key))]);

    public static void Deliver(ScenarioRun run, ScenarioLine line)
    {
        foreach (var item in Pick(run, line))
        {
            Remove(run, item);
            if (run.Cluster[item.Message.To] is not { IsUp: true } to) continue;
            try
            {
                to.Receive(item.Bytes);
            }
            catch (RaftInvariantException) when (line.Status == "stops")
            {
                to.Crash();
                return;
            }
        }
        if (line.Status == "stops") throw line.Bad("the member went on; expected was that it stops");
    }

    public static void Drop(ScenarioRun run, ScenarioLine line)
    {
        foreach (var item in Pick(run, line)) Remove(run, item);
    }

    public static void Duplicate(ScenarioRun run, ScenarioLine line) => run.Cluster.Wire.AddRange(Pick(run, line));

    /// <summary>A copy is kept back, to be released or delivered when it is long out of date.</summary>
    public static void Keep(ScenarioRun run, ScenarioLine line)
    {
        // A copy, so that original and copy are two messages.
        foreach (var (message, bytes) in Pick(run, line)) run.Cluster.Network.Held.Add((message, [.. bytes]));
    }

    public static void Reverse(ScenarioRun run, ScenarioLine line)
    {
        var wire = run.Cluster.Wire;
        var filter = Filter(line);
        var places = Enumerable.Range(0, wire.Count).Where(i => filter.Matches(wire[i].Message, wire[i].Bytes)).ToArray();
        for (int a = 0, b = places.Length - 1; a < b; a++, b--) (wire[places[a]], wire[places[b]]) = (wire[places[b]], wire[places[a]]);
    }

    /// <summary>Makes a message up and puts it under way.</summary>
    public static void Send(ScenarioRun run, ScenarioLine line)
    {
        var type = Enum.GetValues<MessageType>().FirstOrDefault(t => Names.Of(t) == line.Option("type"));
        if (type == default) throw line.Bad($"`{line.Option("type")}` is no type of message; allowed is {string.Join(", ", Names.All<MessageType>())}");
        var entries = line.Log(line.Option("entries"));
        var message = new Message
        {
            Type = type,
            From = line.Id(line.Option("from") ?? "none"),
            To = line.Id(line.Option("to") ?? "none"),
            Term = new Term(line.Number64("term")),
            Index = new LogIndex(line.Number64("index")),
            LogTerm = new Term(line.Number64("log-term")),
            Commit = new LogIndex(line.Number64("commit")),
            Hint = new LogIndex(line.Number64("hint")),
            Context = line.Number64("context"),
            Offset = (long)line.Number64("offset"),
            Reject = line.Flag("reject", false),
        };
        var buffer = new ArrayBufferWriter<byte>();
        MessageCodec.Encode(buffer, message, entries.ToArray(), []);
        run.Cluster.HasForgeries = true;
        run.Cluster.Wire.Add((message, buffer.WrittenSpan.ToArray()));
    }

    /// <summary>Messages under way that the line means, oldest first, those kept back last.</summary>
    private static List<(Message Message, byte[] Bytes)> Pick(ScenarioRun run, ScenarioLine line)
    {
        var filter = Filter(line);
        var found = run.Cluster.Wire.Concat(run.Cluster.Network.Held).Where(w => filter.Matches(w.Message, w.Bytes)).ToList();
        if (found.Count == 0) throw new StepDoesNotApplyException($"no such message is under way; under way is {Describe(run)}");
        if (line.Option("pick") is { } pick) return [found[line.Number32(pick) % found.Count]];
        return line.Option("count") is { } count ? found[..Math.Min(found.Count, line.Number32(count))] : found;
    }

    private static void Remove(ScenarioRun run, (Message, byte[] Bytes) item)
    {
        if (!Take(run.Cluster.Wire)) Take(run.Cluster.Network.Held);

        bool Take(List<(Message, byte[] Bytes)> from)
        {
            var at = from.FindIndex(w => ReferenceEquals(w.Bytes, item.Bytes));
            if (at < 0) return false;
            from.RemoveAt(at);
            return true;
        }
    }

    public static string Describe(ScenarioRun run) => run.Cluster.Wire.Count + run.Cluster.Network.Held.Count == 0 ? "nothing"
        : string.Join(", ", run.Cluster.Wire.Concat(run.Cluster.Network.Held).Select(w => $"{Names.Of(w.Message.Type)} {w.Message.From}>{w.Message.To}").Take(30));
}
