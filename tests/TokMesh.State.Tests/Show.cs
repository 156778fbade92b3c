using System.Text;
using TokMesh.State.Names;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

/// <summary>Replies as short text, so that a test's expectation is one string.</summary>
public static class Show
{
    public static string Reply(ReadOnlySpan<byte> reply)
    {
        var reader = new ReplyReader(reply);
        return Content(ref reader);
    }

    public static string Session(in SessionView s)
        => $"{s.Id} user={Encoding.UTF8.GetString(s.UserId)} exp={s.ExpiresAt} act={s.LastActive} v{s.Version}";

    private static string Content(ref ReplyReader r)
    {
        switch (r.Tag)
        {
            case ReplyTag.Ok:
                return "OK";
            case ReplyTag.Nil:
                return "nil";
            case ReplyTag.Integer:
                return r.Integer().ToString();
            case ReplyTag.Bulk:
                return $"'{Encoding.UTF8.GetString(r.Bulk())}'";
            case ReplyTag.Error:
                var code = r.Error(out var message);
                return $"{code} {message}".TrimEnd();
            case ReplyTag.Session:
                return Session(r.Session());
            case ReplyTag.Versioned:
                var value = r.Versioned(out var version, out var expires);
                return $"'{Encoding.UTF8.GetString(value)}' v{version} exp={expires}";
            case ReplyTag.NamePointer:
                return Pointer(r.NamePointer());
            case ReplyTag.Resolution:
                return r.Resolution().ToString();
            default:
                return List(ref r);
        }
    }

    private static string List(ref ReplyReader r)
    {
        var text = new List<string>();
        switch (r.Tag)
        {
            case ReplyTag.Array:
                for (var i = r.Array(); i > 0; i--)
                {
                    r.NextReply();
                    text.Add(Content(ref r));
                }
                break;
            case ReplyTag.SessionList:
                r.SessionList(out var total, out var count);
                text.Add($"total {total}");
                for (; count > 0; count--)
                    text.Add(r.NextSession().Id.ToString()[^4..]);
                break;
            case ReplyTag.ScanPage:
                r.ScanPage(out var cursor, out var names);
                text.Add($"cursor {cursor}");
                for (; names > 0; names--)
                    text.Add(Encoding.UTF8.GetString(r.NextName()));
                break;
            case ReplyTag.NamePointerList:
                for (var i = r.NamePointerList(); i > 0; i--)
                    text.Add(Pointer(r.NextPointer()));
                break;
            case ReplyTag.Outbox:
                for (var i = r.Outbox(); i > 0; i--)
                {
                    var item = r.NextOutboxItem();
                    text.Add($"{item.Id} {item.Action} {item.Name.Kind} r{item.Reservation}");
                }
                break;
        }
        return $"[{string.Join(", ", text)}]";
    }

    private static string Pointer(NamePointer p)
        => $"pointer {p.Name.Kind} r{p.Reservation} to {Encoding.UTF8.GetString(p.UserId.Span)} {p.State} until {p.NotAfterMs}";
}
