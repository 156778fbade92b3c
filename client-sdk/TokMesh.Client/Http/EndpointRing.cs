namespace TokMesh.Client;

/// <summary>
/// The endpoints in turn. One that did not answer is passed over for a moment; when none is left, the one that rests longest
/// already is tried.
/// </summary>
internal sealed class EndpointRing
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);
    private readonly Uri[] _endpoints;
    private readonly long[] _downSince;
    private readonly TimeProvider _time;
    private int _turn = Random.Shared.Next();

    public EndpointRing(IEnumerable<Uri> endpoints, TimeProvider time)
    {
        // A path to begin with, as behind a proxy, counts as a folder.
        _endpoints = [.. endpoints.Select(static e => e.AbsolutePath.EndsWith('/') ? e : new Uri(e.AbsoluteUri + "/"))];
        _downSince = new long[_endpoints.Length];
        _time = time;
    }

    public int Count => _endpoints.Length;

    public Uri this[int place] => _endpoints[place];

    public int Next()
    {
        var turn = (uint)Interlocked.Increment(ref _turn);
        var now = _time.GetTimestamp();
        var oldest = -1;
        for (uint i = 0; i < _endpoints.Length; i++)
        {
            var place = (int)((turn + i) % (uint)_endpoints.Length);
            var since = Volatile.Read(ref _downSince[place]);
            if (since == 0 || _time.GetElapsedTime(since, now) >= Rest) return place;
            if (oldest < 0 || since < Volatile.Read(ref _downSince[oldest])) oldest = place;
        }
        return oldest;
    }

    public void Answered(int place) => Volatile.Write(ref _downSince[place], 0);

    // 0 stands for up.
    public void Failed(int place) => Volatile.Write(ref _downSince[place], Math.Max(1, _time.GetTimestamp()));
}
