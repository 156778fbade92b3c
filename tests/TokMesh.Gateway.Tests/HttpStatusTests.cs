using TokMesh.Cluster.Errors;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Tests;

public sealed class HttpStatusTests
{
    [Fact]
    public void A_code_of_fours_is_the_clients_and_one_of_fives_the_servers()
    {
        Assert.All(Enum.GetValues<ErrorCode>().Except([ErrorCode.None]), static code =>
        {
            var family = code.ToText()[^4] - '0';
            Assert.Equal(family is 4 or 5 ? family : 4, HttpStatus.Of(code) / 100);
        });
        Assert.Equal(200, HttpStatus.Of(ErrorCode.None));
        Assert.Equal(429, HttpStatus.Of(ErrorCode.SessionQuotaExceeded));
        Assert.Equal(500, HttpStatus.Of((ErrorCode)60000));
    }
}
