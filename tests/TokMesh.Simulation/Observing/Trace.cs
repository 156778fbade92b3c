using System.Buffers;
using System.Text.Json;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Observing;

/// <summary>
/// The protocol events of a run as JSON, one object a line (docs/verification.md describes them). Written to a stream, kept for a
/// failure's timeline, or both.
/// </summary>
internal sealed class Trace(VirtualTime time, Stream? output, Timeline? timeline)
{
    private readonly ArrayBufferWriter<byte> _line = new(1024);
    private readonly Utf8JsonWriter _json = new(Stream.Null);

    /// <summary>Begins an event; the caller adds its fields and calls <see cref="End"/>.</summary>
    public Utf8JsonWriter Begin(string what)
    {
        _line.ResetWrittenCount();
        _json.Reset(_line);
        _json.WriteStartObject();
        _json.WriteNumber("t", time.NowUs);
        _json.WriteString("event", what);
        return _json;
    }

    public Utf8JsonWriter Begin(string what, MemberId node)
    {
        Begin(what).WriteNumber("node", node.Value);
        return _json;
    }

    public Utf8JsonWriter Begin(string what, MemberId node, uint group, Term term)
    {
        Begin(what, node);
        _json.WriteNumber("group", group);
        _json.WriteNumber("term", term.Value);
        return _json;
    }

    public void End()
    {
        _json.WriteEndObject();
        _json.Flush();
        timeline?.Add(_line.WrittenSpan);
        if (output is null) return;
        output.Write(_line.WrittenSpan);
        output.WriteByte((byte)'\n');
    }

    public void Run(int seed, string profile, VirtualWorld world)
    {
        var json = Begin("run");
        json.WriteNumber("seed", seed);
        json.WriteString("profile", profile);
        json.WriteNumber("nodes", world.Nodes.Count);
        json.WriteStartArray("groups");
        WriteMembers(0, world.Bootstrap.MetaConfiguration);
        var shards = world.Bootstrap.PlaceShards();
        for (var shard = 0; shard < shards.Count; shard++) WriteMembers((uint)shard + 1, Configuration.Of(shards[shard]));
        json.WriteEndArray();
        End();

        void WriteMembers(uint group, Configuration configuration)
        {
            json.WriteStartObject();
            json.WriteNumber("group", group);
            WriteConfiguration(json, configuration);
            json.WriteEndObject();
        }
    }

    public void Started(VirtualNode node)
    {
        Begin("start", node.Id);
        End();
    }

    public void Ended(VirtualNode node, Death death)
    {
        Begin("crash", node.Id).WriteString("how", death switch
        {
            Death.Killed => "killed",
            Death.PowerCut => "power-cut",
            Death.Refused => "refused",
            _ => "disk-failed",
        });
        End();
    }

    /// <summary>Another directory is in the place of a node's.</summary>
    public void Replaced(VirtualNode node)
    {
        Begin("replaced", node.Id);
        End();
    }

    /// <summary>Something that happened to nodes or links, for whoever reads a timeline.</summary>
    public void Fault(string what)
    {
        Begin("fault").WriteString("what", what);
        End();
    }

    /// <summary>A client asks a node for something.</summary>
    public void Called(int client, long call, MemberId node, string kind, string register, string? value)
    {
        var json = Begin("call", node);
        json.WriteNumber("client", client);
        json.WriteNumber("call", call);
        json.WriteString("kind", kind);
        json.WriteString("register", register);
        json.WriteString("value", value);
        End();
    }

    /// <summary>What the client was told: "answered" with a value, "failed" (nothing happened), or "unknown".</summary>
    public void Answered(int client, long call, string register, string outcome, string? value)
    {
        var json = Begin("answer");
        json.WriteNumber("client", client);
        json.WriteNumber("call", call);
        json.WriteString("register", register);
        json.WriteString("outcome", outcome);
        json.WriteString("value", value);
        End();
    }

    public void Finished(ulong digest)
    {
        Begin("end").WriteString("digest", digest.ToString("x16"));
        End();
    }

    public static void WriteConfiguration(Utf8JsonWriter json, Configuration configuration)
    {
        WriteList(json, "voters", configuration.Voters);
        WriteList(json, "outgoing", configuration.VotersOutgoing);
        WriteList(json, "learners", configuration.Learners);
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<MemberId> members)
    {
        json.WriteStartArray(name);
        foreach (var member in members) json.WriteNumberValue(member.Value);
        json.WriteEndArray();
    }
}
