using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace TokMesh.Client.AspNetCore;

/// <summary>
/// Data Protection's keys under one key of TokMesh, as one XML document. Elements are added by compare-and-set, so that two processes that
/// start at once lose neither's.
/// </summary>
internal sealed class TokMeshXmlRepository(ITokMeshClient client, string key) : IXmlRepository
{
    private const string Root = "keys";
    private const int Tries = 20;
    private static readonly CallOptions Fresh = new() { Consistency = Consistency.Linearizable };

    public IReadOnlyCollection<XElement> GetAllElements() => ReadAsync().GetAwaiter().GetResult().Elements;

    public void StoreElement(XElement element, string friendlyName) => StoreAsync(element).GetAwaiter().GetResult();

    private async Task<(List<XElement> Elements, ulong Version)> ReadAsync()
    {
        var entry = await client.Keys.GetAsync(key, Fresh).ConfigureAwait(false);
        if (entry is null) return ([], 0);
        try
        {
            var document = XElement.Parse(Encoding.UTF8.GetString(entry.Value.Span));
            return ([.. document.Elements()], entry.Version);
        }
        // Its message would quote what is secret.
        catch (XmlException)
        {
            throw new InvalidOperationException($"The key '{key}' does not hold Data Protection keys. Look who else writes it.");
        }
    }

    private async Task StoreAsync(XElement element)
    {
        for (var n = 1; ; n++)
        {
            var (elements, version) = await ReadAsync().ConfigureAwait(false);
            // After a lost answer it may be there already.
            if (elements.Any(e => XNode.DeepEquals(e, element))) return;
            var document = new XElement(Root, elements, element);
            try
            {
                var result = await client.Keys.SetAsync(key, Encoding.UTF8.GetBytes(document.ToString(SaveOptions.DisableFormatting)), null, version).ConfigureAwait(false);
                if (result.Written) return;
            }
            catch (TokMeshException e) when (e.Outcome == TokMeshOutcome.Unknown && n < Tries)
            {
                // The next reading tells.
            }
            if (n == Tries) throw new InvalidOperationException($"Other processes wrote '{key}' {Tries} times in a row; the Data Protection key was not stored.");
        }
    }
}
