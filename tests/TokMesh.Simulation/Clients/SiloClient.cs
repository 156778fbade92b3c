using System.Buffers;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Meta;
using TokMesh.Simulation.Runs;
using TokMesh.Simulation.World;
using TokMesh.State.Errors;
using TokMesh.State.Replies;

namespace TokMesh.Simulation.Clients;

/// <summary>
/// The silo of a node, as far as Orleans' membership goes: joins the table in meta, gives signs of life, holds earlier runs of its node for
/// dead, now and then one that lives, and ends when it finds itself held for dead. What the node does for its groups must not care.
/// </summary>
internal sealed class SiloClient(VirtualWorld world, Conversation talk, VirtualNode node, SiloChecks checks)
{
    private const long TicksPerUs = 10;
    private int _boot = -1;

    /// <summary>Whether it is about to hold another one for dead, which may happen at any time until this is over.</summary>
    public bool IsDeclaringDead { get; private set; }

    /// <summary>The version of the table of which the node last told; -1 when it told of none since its start.</summary>
    public int Told { get; private set; } = -1;

    /// <summary>Whether the silo of the process that runs now is in this table, alive.</summary>
    public bool IsActiveIn(SiloTable table) => node.Node is not null && table.Rows.Any(r => r.Silo == NameOf(node.Boots) && !r.IsDead);

    /// <summary>Ends when the client was told to stop and its last call has ended.</summary>
    public async Task Run()
    {
        // By then links are up and groups are led; nothing of that waits for silos.
        await talk.Rest(500_000, 4_000_000);
        while (!talk.Stopped)
        {
            if (node.Node is not null) await Step(node.Boots);
            await talk.Rest(50_000, 800_000);
        }
    }

    private async Task Step(int boot)
    {
        if (_boot != boot)
        {
            _boot = boot;
            var running = node.Node!;
            Told = running.Meta?.Silos.Version ?? -1;
            running.SilosChanged += () => Told = running.Meta?.Silos.Version ?? -1;
        }
        if (await Read() is not { } table || node.Boots != boot) return;
        var name = NameOf(boot);
        var own = table.Rows.FirstOrDefault(r => r.Silo == name);
        if (own is null)
        {
            var row = new SiloRow(name, table.Version + 1, "joined", false, Now, Now);
            if (await Change(new SiloChange { Insert = row })) checks.Written(row);
        }
        else if (own.IsDead)
        {
            // A process ends by itself, but not within what told it; and somebody starts it again, also when all faults are over.
            world.Time.After(talk.Random.Next(10, 1_000), () =>
            {
                if (node.Boots != boot) return;
                node.GoDown(Death.Killed);
                world.Time.After(talk.Random.Next(100_000, 2_000_000), () => node.Start());
            });
        }
        else if (DeadOf(table, own) is { } dead)
        {
            var row = dead with { Version = table.Version + 1, Body = $"declared dead by {name}", IsDead = true };
            IsDeclaringDead = true;
            if (await Change(new SiloChange { Update = row, RowVersion = dead.Version })) checks.Written(row);
            IsDeclaringDead = false;
        }
        else if (talk.Random.Next(15) == 0)
        {
            checks.CleansUp();
            await Change(new SiloChange { CleanUp = Now - (2_000_000 * TicksPerUs) });
        }
        else await Change(new SiloChange { Sign = new SiloSign(name, Now) });
    }

    private string NameOf(int boot) => $"{node.Id.Value}@{boot}";

    private long Now => world.Time.NowUs * TicksPerUs;

    // An earlier run of this node, surely; somebody else, sometimes.
    private SiloRow? DeadOf(SiloTable table, SiloRow own)
    {
        var others = table.Rows.Where(r => !r.IsDead && r.Silo != own.Silo).ToArray();
        return others.FirstOrDefault(r => r.Silo.StartsWith($"{node.Id.Value}@", StringComparison.Ordinal))
            ?? (!talk.IsCalm && others.Length > 0 && talk.Random.Next(12) == 0 ? others[talk.Random.Next(others.Length)] : null);
    }

    private async Task<SiloTable?> Read()
    {
        var atLeast = checks.Highest;
        var call = talk.Calls(node, "ReadSilos", "silos", null);
        var reply = await talk.Ask(node, () => node.Store!.ReadAsync(0, static b => b.Write(MetaOps.ReadSilos()), Consistency.Linearizable, Conversation.DeadlineOf(node)));
        talk.Heard(call, "silos", reply?.Outcome, null);
        if (reply is not { IsOk: true } answer) return null;
        var table = MetaOps.ReadSilos(new ReplyReader(answer.Body.Span).Bulk());
        checks.Read(table, atLeast);
        return table;
    }

    /// <returns>Whether it surely happened.</returns>
    private async Task<bool> Change(SiloChange change)
    {
        var call = talk.Calls(node, "ChangeSilos", "silos", null);
        var reply = await talk.Ask(node, () => node.Store!.WriteAsync(0, b => b.Write(MetaOps.ChangeSilos(change)), Conversation.DeadlineOf(node)));
        talk.Heard(call, "silos", reply?.Outcome, null);
        return reply switch
        {
            { IsOk: true } => true,
            { Outcome: CallOutcome.Answered, Error: not (ErrorCode.SessionVersionConflict or ErrorCode.ReplyForgotten) } odd => throw new InvalidOperationException($"The silos' table was changed and the answer was {odd.Error} {odd.Detail}."),
            _ => false,
        };
    }
}
