using System.Buffers;
using System.Runtime.InteropServices;
using TokMesh.State.Data;
using TokMesh.State.Errors;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Queries;

/// <summary>Runs a <see cref="SessionSearch"/>: over a user's sessions, or over all of the shard's.</summary>
internal sealed class SearchQuery(ShardData data, TouchOverlay touches, SessionQueries sessions)
{
    public void Run(ref WireReader query, long now, IBufferWriter<byte> reply)
    {
        var form = SearchForm.Read(ref query);
        if (!query.AtEnd)
        {
            ReplyWriter.Error(reply, ErrorCode.SysBadRequest, "malformed search");
            return;
        }
        var best = new List<Match>();
        long total = 0;
        if (form.Has(SessionSearch.HasUser))
        {
            for (var slot = data.Sessions.FindUser(form.UserId); slot >= 0; slot = data.Sessions.NextOfUser(slot)) Consider(slot, form, now, best, ref total);
        }
        else
        {
            for (var slot = 0; slot < data.Sessions.End; slot++)
            {
                if (data.Sessions.IsUsed(slot)) Consider(slot, form, now, best, ref total);
            }
        }
        Trim(best, form);
        reply.WriteByte((byte)ReplyTag.SessionList);
        reply.WriteVarint((ulong)total);
        reply.WriteVarint((ulong)best.Count);
        foreach (var match in best) sessions.WriteRecord(match.Slot, reply);
    }

    private void Consider(int slot, in SearchForm form, long now, List<Match> best, ref long total)
    {
        var view = SessionRecord.View(data.Sessions[slot]);
        if (!Matches(slot, view, form, now)) return;
        total++;
        var key = form.SortBy == SearchSort.CreatedAt ? view.CreatedAt : touches.LastActive(slot, view.LastActive);
        best.Add(new Match(key, view.Id.Ulid.Value, slot));
        // Twice the limit and then cut to it: memory by the page asked for, not by the matches.
        if (best.Count >= (2 * form.Limit) + 64) Trim(best, form);
    }

    private bool Matches(int slot, in SessionView view, in SearchForm form, long now)
    {
        var expired = view.ExpiresAt != 0 && view.ExpiresAt <= now;
        if (expired != (form.Status == SearchStatus.Expired)) return false;
        if (form.Has(SessionSearch.HasDevice) && !view.DeviceId.SequenceEqual(form.DeviceId)) return false;
        if (form.Has(SessionSearch.HasKey) && view.CreatedBy?.Ulid.Value != form.KeyId) return false;
        if (form.Has(SessionSearch.HasFrom) && view.CreatedAt < form.CreatedFrom) return false;
        if (form.Has(SessionSearch.HasBefore) && view.CreatedAt >= form.CreatedBefore) return false;
        if (form.Has(SessionSearch.HasActive) && touches.LastActive(slot, view.LastActive) < form.ActiveAfter) return false;
        if (!form.Has(SessionSearch.HasIp)) return true;
        var ip = touches.LastIp(slot, view.LastAccessIp);
        return IpBytes.InBlock(ip.IsEmpty ? view.Ip : ip, form.Ip, form.PrefixBits);
    }

    private static void Trim(List<Match> best, in SearchForm form)
    {
        CollectionsMarshal.AsSpan(best).Sort();
        if (form.Descending) best.Reverse();
        if (best.Count > form.Limit) best.RemoveRange(form.Limit, best.Count - form.Limit);
    }

    private readonly record struct Match(long Key, UInt128 Id, int Slot) : IComparable<Match>
    {
        public int CompareTo(Match other) => Key != other.Key ? Key.CompareTo(other.Key) : Id.CompareTo(other.Id);
    }
}
