using Orleans.Configuration;

namespace TokMesh.Orleans.Membership;

/// <summary>After how long silos hold each other for dead, and for how long they try to join.</summary>
public static class SiloLiveness
{
    /// <summary>
    /// A silo that does not answer is declared dead after about ten seconds, as its links call a node dead; leadership does not wait for that.
    /// Signs of life are frequent, so that after the loss of a whole cluster silos that come back wait for those that do not for seconds, not
    /// minutes.
    /// </summary>
    public static void Configure(ClusterMembershipOptions o)
    {
        o.ProbeTimeout = TimeSpan.FromSeconds(3);
        // Four times as long by default, in which nobody is declared dead: a frozen silo stayed in the membership for 38 s.
        o.MaxProbeTimeout = o.ProbeTimeout;
        o.NumMissedProbesLimit = 3;
        o.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        o.NumMissedTableIAmAliveLimit = 3;
        // A change in meta is pushed; this is for what was missed, and for PostgreSQL.
        o.TableRefreshTimeout = TimeSpan.FromSeconds(10);
        // A silo that gives up takes its node with it, which a majority may need: it waits for one longer than that lasts.
        o.MaxJoinAttemptTime = TimeSpan.FromMinutes(10);
        // How long one has been joining is told by its clock, which may be wrong, or by how long there was no majority: neither is a death.
        o.EvictWhenMaxJoinAttemptTimeExceeded = false;
        // By default one that started an hour ago and is not in the table is dead for good: it may have waited for a majority, or have a wrong clock.
        o.SiloGenerationRetirementAge = null;
    }
}
