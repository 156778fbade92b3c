using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Faults;

/// <summary>All files of a data directory.</summary>
internal sealed record Image(IReadOnlyDictionary<string, byte[]> Directory, IReadOnlyDictionary<string, byte[]> Log)
{
    public static Image Of(VirtualNode node) => new(node.Directory.Copy(), node.Disk.Copy());

    public void PutInto(VirtualNode node)
    {
        node.Directory.Replace(Directory);
        node.Disk.Replace(Log);
    }
}
