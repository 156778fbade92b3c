using System.IO.Pipelines;
using TokMesh.Redis.Protocol;

namespace TokMesh.Redis.Replies;

/// <summary>Writes one reply.</summary>
internal delegate void ReplyBody(ref RespWriter writer);

/// <summary>How a <see cref="ReplyBody"/> reaches the client.</summary>
internal static class ReplyBodies
{
    public static void WriteTo(this ReplyBody body, PipeWriter output, bool resp3)
    {
        var writer = new RespWriter(output, resp3);
        body(ref writer);
        writer.Commit();
    }
}
