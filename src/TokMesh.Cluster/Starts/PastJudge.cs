using TokMesh.Cluster.Errors;

namespace TokMesh.Cluster.Starts;

/// <summary>
/// Decides whether a node that introduces itself goes on from where it was known to be. Disks are put back from copies, emptied, and
/// copied while their node runs; such a node has forgotten votes and entries that others count on, and must not take part.
/// Pure, so that both sides of a link and a simulation say the same.
/// </summary>
internal static class PastJudge
{
    private const string ComeBack = "Stop it and put its newest directory back, the one it last ran with. If that is lost, leave the node out: the others serve while they are a majority.";

    /// <summary>Whether a refusal is one of these.</summary>
    public static bool IsAboutThePast(HelloRefusal refusal) => refusal.Code is Codes.OtherPast or Codes.LogBehind or Codes.DirectoryInUse or Codes.Forgot;

    /// <summary>Null when it may take part.</summary>
    /// <param name="node">Its node id, for the message.</param>
    /// <param name="known">What is known of it; null when it was never here before.</param>
    /// <param name="past">What it says.</param>
    /// <param name="isAlive">Whether the start known of it was heard a moment ago.</param>
    public static HelloRefusal? Judge(string node, PeerRecord? known, NodePast past, bool isAlive)
    {
        if (past.Current == NodeStart.None)
            return new HelloRefusal(Codes.OtherPast, $"Node {node} does not say which of its starts this is.", true);
        if (known is not { } record) return null;
        if (record.Condemned != NodeStart.None && past.Starts.Contains(record.Condemned))
            return new HelloRefusal(Codes.Forgot, $"Node {node} lacks entries that it had acknowledged: its disk was put back, emptied or replaced before its start {record.Condemned.Number}. {ComeBack}", true);
        if (past.Current == record.Start) return null;
        if (record.Start != NodeStart.None)
        {
            // Somebody who has been away for long may know only a start that is not listed any more: the numbers still tell.
            var listed = past.Starts.FirstOrDefault(s => s.Number == record.Start.Number);
            if (past.Current.Number <= record.Start.Number || (listed != NodeStart.None && listed != record.Start))
                return new HelloRefusal(Codes.OtherPast, $"Node {node} says that this is its start {past.Current.Number}, but it was here with start {record.Start.Number} of another run: its data directory is an older copy, or goes on from one. What it promised since is not in it. {ComeBack}", true);
        }
        if (isAlive)
            return new HelloRefusal(Codes.DirectoryInUse, $"Another process runs as node {node} (start {record.Start.Number}) and was heard a moment ago: this one uses a copy of its data directory. Stop one of the two; a copy cannot become another node.", false);
        return past.LogSequence < record.Sequence
            ? new HelloRefusal(Codes.LogBehind, $"The log of node {node} ends at write {past.LogSequence}, but write {record.Sequence} was durable: its data directory is an older copy. {ComeBack}", true)
            : null;
    }
}
