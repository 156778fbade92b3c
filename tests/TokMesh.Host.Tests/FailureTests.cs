using Microsoft.Extensions.Logging.Abstractions;

namespace TokMesh.Host.Tests;

public sealed class FailureTests
{
    // It would end this process, with 70.
    [Fact]
    public void What_Orleans_cannot_bear_while_the_server_ends_by_itself_does_not_end_it_otherwise()
    {
        var failure = new Failure(new NodeLog(NullLogger.Instance));
        failure.Ending();
        failure.OnFatalException(this, "ProcessMembershipUpdates", new ObjectDisposedException("IServiceProvider"));
    }
}
