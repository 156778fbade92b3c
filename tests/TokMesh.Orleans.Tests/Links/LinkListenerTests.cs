using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using TokMesh.Client.Orleans.Access;
using TokMesh.Orleans.Links;
using TokMesh.Orleans.Tests.Harness;

namespace TokMesh.Orleans.Tests.Links;

public sealed class LinkListenerTests
{
    // What serves a connection ends it by returning, and the transport then drops whatever it has not sent yet.
    [Fact]
    public async Task A_question_is_not_let_go_before_who_asked_has_had_the_answer()
    {
        await using var node = await LinkedNode.ListenAsync("tmnd-1", SiloCluster.FreePort(), [], 2);
        await using var asking = await LinkedNode.ListenAsync("tmnd-2", SiloCluster.FreePort(), [], 2);
        var (toNode, toAsking) = (new Pipe(), new Pipe());
        await using var connection = new DefaultConnectionContext("question", new Ends(toNode.Reader, toAsking.Writer), new Ends(toAsking.Reader, toNode.Writer));
        var opened = new Opened(Purpose.Question, asking.Options.DirectoryId, new byte[32]);
        Wire.WriteHello(toNode.Writer, asking.Links.Introduction(), opened.Key, Side.Dialler);
        await toNode.Writer.FlushAsync();
        var served = new LinkListener(node.Links).RunAsync(connection, opened, certifiedAs: null, introduced: static () => Assert.Fail("A question is no link."));
        var answer = await Wire.ReadHelloAsync(toAsking.Reader, opened.Key, Side.Acceptor, default);
        Assert.Null(answer.Refusal);
        Assert.Equal("tmnd-1", answer.Self.NodeId);
        await Task.WhenAny(served, Task.Delay(100));
        Assert.False(served.IsCompleted);
        await toNode.Writer.CompleteAsync();
        await served.WaitAsync(TimeSpan.FromSeconds(5));
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
