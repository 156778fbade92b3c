namespace TokMesh.Log.Format;

/// <summary>
/// The bytes of a record, little-endian, after type u8 and group u32:
/// <code>
/// Entry         index u64, term u64, entry type u8, payload bytes u32, payload
/// HardState     term u64, vote u32
/// Mark, Reset   index u64, term u64
/// GroupMeta     meta bytes u32, meta
/// GroupRemoved  nothing
/// Commit        index u64
/// Note          note bytes u32, note
/// </code>
/// </summary>
internal static class RecordFormat
{
    public const int PrefixBytes = 5;
    public const int EntryBytes = PrefixBytes + 21;
    public const int HardStateBytes = PrefixBytes + 12;
    public const int PositionBytes = PrefixBytes + 16;
    public const int GroupMetaBytes = PrefixBytes + 4;
    public const int CommitBytes = PrefixBytes + 8;
    public const int NoteBytes = PrefixBytes + 4;
}
