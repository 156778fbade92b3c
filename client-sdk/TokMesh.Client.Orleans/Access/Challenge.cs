using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace TokMesh.Client.Orleans.Access;

/// <summary>What a connection is opened for. On the wire: letters are never used again.</summary>
internal enum Purpose : byte
{
    /// <summary>Frames between nodes.</summary>
    Link = (byte)'L',

    /// <summary>What a node asks one of which it knows no more than the address; never becomes a link.</summary>
    Question = (byte)'Q',

    /// <summary>Orleans' own traffic between silos.</summary>
    Silo = (byte)'S',

    /// <summary>An application at the gateway port.</summary>
    Client = (byte)'C',
}

/// <summary>Who opened a connection.</summary>
/// <param name="Purpose">What for.</param>
/// <param name="Directory">Identity of the data directory that it speaks for; empty for an application.</param>
/// <param name="Key">What both ends have for this connection alone.</param>
internal readonly record struct Opened(Purpose Purpose, Guid Directory, byte[] Key);

/// <summary>The other end did not show that it belongs to the cluster.</summary>
internal sealed class ChallengeFailedException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>
/// The first bytes of every connection to a silo's ports: both ends prove that they have the same secret, which neither sends. Who dials
/// proves first; until then the other end has told it a random number and nothing else.
/// <code>
/// dialler   "TOKMESH" purpose:u8 nonce:32
/// acceptor  nonce:32
/// dialler   directory:16 HMAC-SHA256(secret, "dial" purpose nonces directory target)
/// acceptor  directory:16 HMAC-SHA256(secret, "accept" purpose nonces both directories target)
/// </code>
/// The purpose and the side are part of what is proved, so that no proof can be used for another one; both nonces, so that none can be used
/// twice; and whom the dialler means, where it knows, so that a process that has taken a port that a node has left cannot pass its proof on to
/// another. Without a secret (where TLS has decided who may connect) the same is exchanged with an empty key: an end that has a secret notices
/// one that has none. Orleans' own protocol begins with a length of at most 1,024, as which these first bytes cannot be taken.
/// </summary>
internal static class Challenge
{
    private const int NonceBytes = 32;
    private const int DirectoryBytes = 16;
    private const int ProofBytes = HMACSHA256.HashSizeInBytes + DirectoryBytes;
    private const int OpeningBytes = 8 + NonceBytes;
    private const int TranscriptBytes = 1 + (2 * NonceBytes) + (2 * DirectoryBytes);

    private const string NotSpoken = "it speaks something that is not spoken at this port";

    private static ReadOnlySpan<byte> Preamble => "TOKMESH"u8;

    /// <summary>Whom a dialler means: the silo at an address.</summary>
    public static byte[] SiloAt(IPEndPoint endpoint) => TargetOf($"silo {(endpoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endpoint.Address.MapToIPv4(), endpoint.Port) : endpoint)}");

    /// <summary>Whom a dialler means: the node of a data directory.</summary>
    public static byte[] NodeOf(Guid directory) => TargetOf($"node {directory}");

    /// <summary>The dialling end.</summary>
    /// <param name="input">What the other end sends.</param>
    /// <param name="output">What it is sent.</param>
    /// <param name="secret">What both have; null where TLS alone decides.</param>
    /// <param name="purpose">What the connection is for.</param>
    /// <param name="directory">Identity of the own data directory.</param>
    /// <param name="target">Whom this end means; empty when it cannot know.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ChallengeFailedException">The other end does not let this one in, or does not have the secret.</exception>
    public static async Task<Opened> DialAsync(PipeReader input, PipeWriter output, TokMeshSecret? secret, Purpose purpose, Guid directory, byte[] target, CancellationToken cancel)
    {
        var transcript = new byte[TranscriptBytes];
        transcript[0] = (byte)purpose;
        RandomNumberGenerator.Fill(transcript.AsSpan(1, NonceBytes));
        WriteOpening(output, transcript);
        await output.FlushAsync(cancel);
        const string Closed = "The other end closed the connection during the challenge: it is no port of a TokMesh node for this purpose, or does not have the same secret";
        (await ReadAsync(input, NonceBytes, Closed, cancel)).CopyTo(transcript.AsSpan(1 + NonceBytes));
        directory.TryWriteBytes(transcript.AsSpan(1 + (2 * NonceBytes)));
        WriteProof(output, directory, ProofOf(secret, "dial"u8, transcript.AsSpan(0, transcript.Length - DirectoryBytes), target));
        await output.FlushAsync(cancel);
        var (other, isProved) = Check(await ReadAsync(input, ProofBytes, Closed, cancel), secret, "accept"u8, transcript, transcript.Length, target);
        return isProved ? new Opened(purpose, other, ProofOf(secret, "key"u8, transcript, target)) : throw new ChallengeFailedException("The other end does not have this cluster's secret.");
    }

    /// <summary>The accepting end.</summary>
    /// <param name="input">What the other end sends.</param>
    /// <param name="output">What it is sent.</param>
    /// <param name="expect">What a purpose takes here; null when it is not served.</param>
    /// <param name="directory">Identity of the own data directory.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ChallengeFailedException">The dialler speaks something else, or does not have the secret; it has been told nothing.</exception>
    public static async Task<Opened> AcceptAsync(PipeReader input, PipeWriter output, Func<Purpose, Expected?> expect, Guid directory, CancellationToken cancel)
    {
        var transcript = new byte[TranscriptBytes];
        const string Closed = "it ended during the challenge";
        (await ReadAsync(input, OpeningBytes, Closed, cancel, Preamble.ToArray())).AsSpan(Preamble.Length).CopyTo(transcript);
        var purpose = (Purpose)transcript[0];
        if (expect(purpose) is not var (secret, target)) throw new ChallengeFailedException(NotSpoken);
        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        nonce.CopyTo(transcript.AsSpan(1 + NonceBytes));
        output.Write(nonce);
        await output.FlushAsync(cancel);
        var (other, isProved) = Check(await ReadAsync(input, ProofBytes, Closed, cancel), secret, "dial"u8, transcript, transcript.Length - DirectoryBytes, target);
        if (!isProved) throw new ChallengeFailedException("it does not have the secret, or means another node");
        directory.TryWriteBytes(transcript.AsSpan(transcript.Length - DirectoryBytes));
        WriteProof(output, directory, ProofOf(secret, "accept"u8, transcript, target));
        await output.FlushAsync(cancel);
        return new Opened(purpose, other, ProofOf(secret, "key"u8, transcript, target));
    }

    /// <summary>What an accepting end takes for a purpose.</summary>
    /// <param name="Secret">The secret; null where TLS alone decides.</param>
    /// <param name="Target">Whom the dialler must mean; empty when it cannot know.</param>
    public sealed record Expected(TokMeshSecret? Secret, byte[] Target);

    private static byte[] TargetOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static void WriteOpening(PipeWriter output, ReadOnlySpan<byte> transcript)
    {
        output.Write(Preamble);
        output.Write(transcript[..(1 + NonceBytes)]);
    }

    private static void WriteProof(PipeWriter output, Guid directory, ReadOnlySpan<byte> proof)
    {
        Span<byte> bytes = stackalloc byte[DirectoryBytes];
        directory.TryWriteBytes(bytes);
        output.Write(bytes);
        output.Write(proof);
    }

    // The directory that a proof names is the last part of what it proves.
    private static (Guid Directory, bool IsProved) Check(ReadOnlySpan<byte> bytes, TokMeshSecret? secret, ReadOnlySpan<byte> side, byte[] transcript, int length, byte[] target)
    {
        bytes[..DirectoryBytes].CopyTo(transcript.AsSpan(length - DirectoryBytes));
        return (new Guid(bytes[..DirectoryBytes]), CryptographicOperations.FixedTimeEquals(bytes[DirectoryBytes..], ProofOf(secret, side, transcript.AsSpan(0, length), target)));
    }

    private static byte[] ProofOf(TokMeshSecret? secret, ReadOnlySpan<byte> side, ReadOnlySpan<byte> transcript, byte[] target) =>
        HMACSHA256.HashData(secret is null ? [] : secret.Key, [.. side, .. transcript, .. target]);

    /// <summary>Reads exactly as many bytes: what comes behind them is another's. Gives up early on what cannot become what is expected.</summary>
    private static async Task<byte[]> ReadAsync(PipeReader input, int count, string closed, CancellationToken cancel, byte[]? beginning = null)
    {
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(cancel);
                var buffer = read.Buffer;
                if (beginning is not null && !MayBegin(buffer, beginning))
                {
                    input.AdvanceTo(buffer.Start);
                    throw new ChallengeFailedException(NotSpoken);
                }
                if (buffer.Length >= count)
                {
                    var bytes = buffer.Slice(0, count).ToArray();
                    input.AdvanceTo(buffer.GetPosition(count));
                    return bytes;
                }
                input.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted || read.IsCanceled) throw new ChallengeFailedException(closed);
            }
        }
        catch (Exception e) when (e is IOException and not ChallengeFailedException)
        {
            throw new ChallengeFailedException(closed, e);
        }
    }

    private static bool MayBegin(ReadOnlySequence<byte> buffer, byte[] beginning)
    {
        var known = (int)Math.Min(buffer.Length, beginning.Length);
        return buffer.Slice(0, known).ToArray().AsSpan().SequenceEqual(beginning.AsSpan(0, known));
    }
}
