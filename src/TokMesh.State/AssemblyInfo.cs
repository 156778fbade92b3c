using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("TokMesh.State.Tests")]
