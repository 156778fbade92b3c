namespace TokMesh.Bench;

/// <summary>One measurement.</summary>
/// <param name="System">What was measured: tokmesh, before, redis, etcd.</param>
/// <param name="Workload">Which operation, and how.</param>
/// <param name="Clients">Connections, each waiting for its answers.</param>
/// <param name="Pipeline">Operations sent before an answer is awaited.</param>
/// <param name="OperationsPerSecond">Throughput.</param>
/// <param name="P50Ms">Median latency; of a pipelined batch as a whole.</param>
/// <param name="P99Ms">99th percentile.</param>
/// <param name="Errors">Operations refused or lost.</param>
internal sealed record LoadResult(string System, string Workload, int Clients, int Pipeline, double OperationsPerSecond, double P50Ms, double P99Ms, long Errors);
