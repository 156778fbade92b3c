using System.Buffers;
using System.Globalization;
using System.Text;

namespace TokMesh.Gateway.Metering;

/// <summary>Writes the Prometheus text format, version 0.0.4.</summary>
internal sealed class PrometheusWriter(IBufferWriter<byte> output)
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Begins a metric; its samples follow.</summary>
    public void Begin(string name, string type, string help)
    {
        Write("# HELP ", name, " ", help, "\n");
        Write("# TYPE ", name, " ", type, "\n");
    }

    /// <summary>A metric with one sample and no label.</summary>
    public void Single(string name, string type, string help, double value)
    {
        Begin(name, type, help);
        Sample(name, "", value);
    }

    /// <summary>A sample. Labels are written as given, as in <c>result="valid"</c>.</summary>
    public void Sample(string name, string labels, double value)
    {
        if (labels.Length == 0) Write(name, " ");
        else Write(name, "{", labels, "} ");
        Write(value.ToString("R", CultureInfo.InvariantCulture), "\n");
    }

    /// <summary>The samples of one histogram.</summary>
    public void Histogram(string name, string labels, Histogram histogram)
    {
        long total = 0;
        var counts = histogram.Counts();
        for (var i = 0; i < counts.Length; i++)
        {
            total += counts[i];
            var bound = i < Metering.Histogram.BoundsSeconds.Length ? Metering.Histogram.BoundsSeconds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
            Sample(name + "_bucket", $"{labels},le=\"{bound}\"", total);
        }
        Sample(name + "_sum", labels, histogram.SumSeconds);
        Sample(name + "_count", labels, total);
    }

    private void Write(params ReadOnlySpan<string> parts)
    {
        foreach (var part in parts) Encoding.UTF8.GetBytes(part, output);
    }
}
