using TokMesh.Client.Orleans;
using TokMesh.Orleans.Nodes;
using TokMesh.TestKit;

namespace TokMesh.Orleans.Tests;

/// <summary>Who may know whom, as the compiled assemblies say.</summary>
public sealed class ReferenceTests
{
    [Fact]
    public void The_Orleans_carrier_knows_the_client_and_nothing_of_the_server() =>
        Assert.Empty(ReferencesOf(typeof(OrleansTokMeshClient)).Except(["TokMesh.Client"]));

    [Fact]
    public void The_silos_part_knows_the_cluster_and_the_client_but_no_front_end() =>
        Assert.Empty(ReferencesOf(typeof(NodeAccess)).Except(["TokMesh.Client", "TokMesh.Client.Orleans", "TokMesh.Cluster", "TokMesh.Log", "TokMesh.Raft", "TokMesh.State"]));

    [Fact]
    public void Folders_of_the_silos_part_point_one_way()
    {
        Assert.Empty(FolderDirection.Problems("TokMesh.Orleans"));
        Assert.Empty(FolderDirection.Misplaced("src/TokMesh.Orleans"));
    }

    private static IEnumerable<string> ReferencesOf(Type type) =>
        type.Assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(n => n.StartsWith("TokMesh.", StringComparison.Ordinal));
}
