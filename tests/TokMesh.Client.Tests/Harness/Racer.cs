namespace TokMesh.Client.Tests;

/// <summary>An operation that waits before each of its calls to the store until it is told to go on.</summary>
internal sealed class Racer
{
    private TaskCompletionSource _waits = New();
    private TaskCompletionSource _go = New();

    public Racer(ITokMeshClient store, Func<ITokMeshClient, Task> operation)
    {
        var client = new SteppedClient(store, PassAsync);
        Running = Task.Run(() => operation(client));
    }

    public Task Running { get; }

    /// <summary>Once it waits before a call, true; once it has ended, false.</summary>
    public async Task<bool> WaitsAsync()
    {
        var waits = _waits.Task;
        return await Task.WhenAny(waits, Running) == waits;
    }

    /// <summary>Lets it make the call before which it waits.</summary>
    public void Step()
    {
        var go = _go;
        (_waits, _go) = (New(), New());
        go.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task PassAsync()
    {
        var go = _go.Task;
        _waits.SetResult();
        return go;
    }
}

/// <summary>Runs a race of two operations once for every order in which their calls can reach the store.</summary>
/// <param name="mostTurns">
/// Only orders in which the turn passes at most so often from one that could go on to the other: of long operations there are too many.
/// </param>
internal sealed class Interleavings(int mostTurns = int.MaxValue)
{
    private readonly List<bool> _choices = [];
    private int _taken;
    private int _turns;
    private bool _last;

    /// <summary>How many there were.</summary>
    public int Count { get; private set; }

    /// <summary>Runs a scenario, which calls <see cref="RaceAsync"/> once, again and again.</summary>
    public async Task RunAsync(Func<Task> scenario)
    {
        do
        {
            (_taken, _turns, _last) = (0, 0, false);
            await scenario();
            Count++;
        }
        while (Advance());
    }

    /// <summary>One order of the calls of two operations: the next that has not been.</summary>
    public async Task RaceAsync(ITokMeshClient store, Func<ITokMeshClient, Task> first, Func<ITokMeshClient, Task> second)
    {
        Racer[] racers = [new(store, first), new(store, second)];
        while (true)
        {
            var waits = (await racers[0].WaitsAsync(), await racers[1].WaitsAsync());
            if (waits == (false, false)) break;
            racers[waits is (true, true) ? (Choose() ? 1 : 0) : waits.Item1 ? 0 : 1].Step();
        }
        foreach (var racer in racers) await racer.Running;
    }

    /// <summary>For a failure's message: a 0 for each step of the first, a 1 for each of the second, while both could take one.</summary>
    public override string ToString() => string.Concat(_choices.Select(c => c ? '1' : '0'));

    private bool Choose()
    {
        if (_turns == mostTurns) return _last;
        if (_taken == _choices.Count) _choices.Add(false);
        var choice = _choices[_taken++];
        if (choice != _last) _turns++;
        return _last = choice;
    }

    // Depth first: the last choice that can be another one becomes it, and what came after it is chosen anew.
    private bool Advance()
    {
        while (_choices.Count > 0 && _choices[^1]) _choices.RemoveAt(_choices.Count - 1);
        if (_choices.Count == 0) return false;
        _choices[^1] = true;
        return true;
    }
}
