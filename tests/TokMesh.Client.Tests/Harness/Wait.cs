namespace TokMesh.Client.Tests;

/// <summary>Waits for what takes time.</summary>
internal static class Wait
{
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var until = DateTime.UtcNow.AddSeconds(30); DateTime.UtcNow < until; await Task.Delay(20))
            if (await holds()) return;
        throw new TimeoutException("It does not hold after 30 s.");
    }
}
