using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokMesh.Cluster.Meta;

namespace TokMesh.Orleans.Membership;

/// <summary>Orleans' membership entries as rows of meta, and back.</summary>
internal static class SiloRows
{
    /// <summary>The key of a silo's row.</summary>
    public static string KeyOf(SiloAddress silo) => silo.ToParsableString();

    /// <summary>The row of an entry, as of a version of the table.</summary>
    public static SiloRow Of(MembershipEntry entry, int version)
    {
        var body = new SiloBody
        {
            Status = (int)entry.Status,
            SiloName = entry.SiloName ?? "",
            HostName = entry.HostName ?? "",
            RoleName = entry.RoleName ?? "",
            ProxyPort = entry.ProxyPort,
            UpdateZone = entry.UpdateZone,
            FaultZone = entry.FaultZone,
            Suspects = [.. (entry.SuspectTimes ?? []).Select(s => new Suspicion(KeyOf(s.Item1), s.Item2.Ticks))],
        };
        return new SiloRow(KeyOf(entry.SiloAddress), version, JsonSerializer.Serialize(body, SiloBodyJson.Default.SiloBody),
            entry.Status == SiloStatus.Dead, entry.StartTime.Ticks, entry.IAmAliveTime.Ticks);
    }

    /// <summary>The entry of a row, with its tag.</summary>
    /// <exception cref="JsonException">The row is not of this kind.</exception>
    public static Tuple<MembershipEntry, string> EntryOf(SiloRow row)
    {
        var body = JsonSerializer.Deserialize(row.Body, SiloBodyJson.Default.SiloBody) ?? throw new JsonException("A silo's row is null.");
        var entry = new MembershipEntry
        {
            SiloAddress = SiloAddress.FromParsableString(row.Silo),
            Status = (SiloStatus)body.Status,
            SiloName = body.SiloName,
            HostName = body.HostName,
            RoleName = body.RoleName,
            ProxyPort = body.ProxyPort,
            UpdateZone = body.UpdateZone,
            FaultZone = body.FaultZone,
            StartTime = new DateTime(row.StartedTicks, DateTimeKind.Utc),
            IAmAliveTime = new DateTime(row.AliveTicks, DateTimeKind.Utc),
            SuspectTimes = body.Suspects.Count == 0 ? null
                : [.. body.Suspects.Select(s => Tuple.Create(SiloAddress.FromParsableString(s.By), new DateTime(s.AtTicks, DateTimeKind.Utc)))],
        };
        return Tuple.Create(entry, TagOf(row.Version));
    }

    /// <summary>The table as Orleans takes it.</summary>
    public static MembershipTableData DataOf(SiloTable table) => new([.. table.Rows.Select(EntryOf)], new TableVersion(table.Version, TagOf(table.Version)));

    /// <summary>Addresses at which active silos take clients.</summary>
    public static string[] GatewaysOf(SiloTable table) =>
        [.. table.Rows.Where(r => !r.IsDead).Select(r => EntryOf(r).Item1).Where(e => e.Status == SiloStatus.Active && e.ProxyPort > 0)
            .Select(e => new IPEndPoint(e.SiloAddress.Endpoint.Address, e.ProxyPort).ToString())];

    /// <summary>A version, of the table or a row, as Orleans carries it.</summary>
    public static string TagOf(int version) => version.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The version a tag stands for; -1, which none is, for any other text.</summary>
    public static int VersionOf(string? tag) => int.TryParse(tag, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var version) ? version : -1;
}

/// <summary>Who suspects a silo.</summary>
internal sealed record Suspicion(string By, long AtTicks);

/// <summary>What a row says of a silo, apart from what meta itself must know.</summary>
internal sealed record SiloBody
{
    public required int Status { get; init; }

    public required string SiloName { get; init; }

    public required string HostName { get; init; }

    public required string RoleName { get; init; }

    public required int ProxyPort { get; init; }

    public required int UpdateZone { get; init; }

    public required int FaultZone { get; init; }

    public required IReadOnlyList<Suspicion> Suspects { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SiloBody))]
internal sealed partial class SiloBodyJson : JsonSerializerContext;
