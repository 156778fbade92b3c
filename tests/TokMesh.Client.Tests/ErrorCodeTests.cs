using System.Reflection;
using TokMesh.Cluster.Errors;

namespace TokMesh.Client.Tests;

public sealed class ErrorCodeTests
{
    [Fact]
    public void Every_code_that_applications_act_on_is_one_of_the_servers() =>
        Assert.Empty(typeof(TokMeshErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(static f => (string)f.GetValue(null)!)
            .Except(ErrorRegistry.All.Select(static e => e.Code)));
}
