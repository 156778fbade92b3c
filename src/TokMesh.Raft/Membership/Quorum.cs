using TokMesh.Raft.Log;

namespace TokMesh.Raft.Membership;

/// <summary>Majority arithmetic, also over the two halves of a joint configuration. An empty half agrees to everything.</summary>
public static class Quorum
{
    /// <summary>Result of counting votes.</summary>
    public enum Vote
    {
        /// <summary>Still open.</summary>
        Pending,

        /// <summary>A majority said yes.</summary>
        Won,

        /// <summary>A majority can no longer be reached.</summary>
        Lost,
    }

    /// <summary>The largest value that a majority of each half has reached, <paramref name="reached"/> telling each voter's.</summary>
    public static ulong Reached<T>(Configuration configuration, T reached) where T : struct, IReached =>
        configuration.IsJoint
            ? Math.Min(Half(configuration.Voters, reached), Half(configuration.VotersOutgoing, reached))
            : Half(configuration.Voters, reached);

    /// <summary>Counts votes: null is "not heard".</summary>
    public static Vote Count(Configuration configuration, Func<MemberId, bool?> vote)
    {
        var incoming = CountHalf(configuration.Voters, vote);
        if (!configuration.IsJoint) return incoming;
        var outgoing = CountHalf(configuration.VotersOutgoing, vote);
        if (incoming == Vote.Lost || outgoing == Vote.Lost) return Vote.Lost;
        return incoming == Vote.Won && outgoing == Vote.Won ? Vote.Won : Vote.Pending;
    }

    private static ulong Half<T>(IReadOnlyList<MemberId> voters, T reached) where T : struct, IReached
    {
        var n = voters.Count;
        if (n == 0) return ulong.MaxValue;
        var values = n <= 16 ? stackalloc ulong[16] : new ulong[n];
        for (var i = 0; i < n; i++) values[i] = reached.Of(voters[i]);
        values = values[..n];
        values.Sort();
        // Ascending: the element a majority is at or above.
        return values[n - (n / 2 + 1)];
    }

    private static Vote CountHalf(IReadOnlyList<MemberId> voters, Func<MemberId, bool?> vote)
    {
        if (voters.Count == 0) return Vote.Won;
        int yes = 0, no = 0;
        for (var i = 0; i < voters.Count; i++)
        {
            var v = vote(voters[i]);
            if (v == true) yes++;
            else if (v == false) no++;
        }
        var majority = voters.Count / 2 + 1;
        return yes >= majority ? Vote.Won : no > voters.Count - majority ? Vote.Lost : Vote.Pending;
    }

    /// <summary>How far each voter is, by some measure.</summary>
    public interface IReached
    {
        /// <summary>The voter's position.</summary>
        ulong Of(MemberId voter);
    }
}
