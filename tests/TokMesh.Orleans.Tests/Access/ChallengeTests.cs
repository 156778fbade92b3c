using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using TokMesh.Client.Orleans.Access;

namespace TokMesh.Orleans.Tests.Access;

/// <summary>Both ends of the challenge, and what others may try at either.</summary>
public sealed class ChallengeTests
{
    private const int NonceBytes = 32;
    private static readonly TokMeshSecret Ours = TokMeshSecret.Draw();
    private static readonly (Guid Dialler, Guid Acceptor) Directories = (Guid.NewGuid(), Guid.NewGuid());

    [Theory]
    [InlineData((byte)'L')]
    [InlineData((byte)'S')]
    [InlineData((byte)'C')]
    public async Task Who_has_the_secret_is_let_in_and_each_end_knows_the_others_directory(byte letter)
    {
        var (purpose, wire) = ((Purpose)letter, new Wire());
        var dial = wire.DialAsync(Ours, purpose);
        var accepted = await wire.AcceptAsync(Ours);
        Assert.Equal((purpose, Directories.Dialler), (accepted.Purpose, accepted.Directory));
        var dialled = await dial;
        Assert.Equal((purpose, Directories.Acceptor), (dialled.Purpose, dialled.Directory));
        // Both have a key that no other connection has.
        Assert.Equal(accepted.Key, dialled.Key);
    }

    [Fact]
    public async Task What_is_sent_after_it_is_there_for_whom_it_is_meant()
    {
        var wire = new Wire();
        var accept = wire.AcceptAsync(Ours);
        await wire.DialAsync(Ours, Purpose.Link);
        await wire.Out.Writer.WriteAsync("after"u8.ToArray());
        await accept;
        Assert.Equal("after"u8.ToArray(), (await wire.Out.Reader.ReadAsync()).Buffer.ToArray());
    }

    [Fact]
    public async Task Without_a_secret_on_either_side_the_purpose_alone_is_exchanged_and_with_one_on_one_side_nothing()
    {
        var open = new Wire();
        var dial = open.DialAsync(null, Purpose.Silo);
        Assert.Equal(Purpose.Silo, (await open.AcceptAsync(null)).Purpose);
        await dial;
        foreach (var (dialler, acceptor) in ((TokMeshSecret?, TokMeshSecret?)[])[(null, Ours), (Ours, null)])
        {
            var wire = new Wire();
            var refused = wire.DialAsync(dialler, Purpose.Silo);
            await Assert.ThrowsAsync<ChallengeFailedException>(() => wire.AcceptAsync(acceptor));
            await Assert.ThrowsAsync<ChallengeFailedException>(() => refused);
        }
    }

    [Fact]
    public async Task Who_has_another_secret_hears_a_random_number_and_no_more()
    {
        var wire = new Wire();
        var dial = wire.DialAsync(TokMeshSecret.Draw(), Purpose.Link);
        await Assert.ThrowsAsync<ChallengeFailedException>(() => wire.AcceptAsync(Ours));
        Assert.Contains("does not have the same secret", (await Assert.ThrowsAsync<ChallengeFailedException>(() => dial)).Message, StringComparison.Ordinal);
        Assert.Equal(NonceBytes, wire.Told);
    }

    [Fact]
    public async Task Who_answers_without_the_secret_is_not_believed()
    {
        var wire = new Wire();
        var dial = wire.DialAsync(Ours, Purpose.Link);
        // It lets everybody in, and makes up a proof.
        await ReadAsync(wire.Out.Reader, 40);
        await wire.Back.Writer.WriteAsync(new byte[NonceBytes]);
        await ReadAsync(wire.Out.Reader, 48);
        await wire.Back.Writer.WriteAsync(new byte[48]);
        Assert.Contains("does not have this cluster's secret", (await Assert.ThrowsAsync<ChallengeFailedException>(() => dial)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_dialler_sent_cannot_be_sent_back_to_it()
    {
        var wire = new Wire();
        var dial = wire.DialAsync(Ours, Purpose.Link);
        var opening = await ReadAsync(wire.Out.Reader, 40);
        await wire.Back.Writer.WriteAsync(opening.AsMemory(8));
        await wire.Back.Writer.WriteAsync(await ReadAsync(wire.Out.Reader, 48));
        await Assert.ThrowsAsync<ChallengeFailedException>(() => dial);
    }

    [Fact]
    public async Task A_recorded_handshake_opens_nothing()
    {
        var wire = new Wire();
        var accept = wire.AcceptAsync(Ours);
        await wire.DialAsync(Ours, Purpose.Link);
        await accept;
        var replayed = new Wire();
        await replayed.Out.Writer.WriteAsync(wire.Recorded);
        Assert.Contains("does not have the secret", (await Assert.ThrowsAsync<ChallengeFailedException>(() => replayed.AcceptAsync(Ours))).Message, StringComparison.Ordinal);
        Assert.Equal(NonceBytes, replayed.Told);
    }

    [Fact]
    public async Task An_applications_secret_opens_nothing_for_nodes_and_a_proof_is_for_one_purpose()
    {
        var wire = new Wire();
        var dial = wire.DialAsync(Ours.ForClients(), Purpose.Link);
        await Assert.ThrowsAsync<ChallengeFailedException>(() => wire.AcceptAsync(Ours));
        await Assert.ThrowsAsync<ChallengeFailedException>(() => dial);

        // Somebody between the two ends makes a link of what was meant for Orleans.
        var (front, behind) = (new Wire(), new Wire());
        var meant = front.DialAsync(Ours, Purpose.Silo);
        var accept = behind.AcceptAsync(Ours);
        var opening = await ReadAsync(front.Out.Reader, 40);
        opening[7] = (byte)Purpose.Link;
        await behind.Out.Writer.WriteAsync(opening);
        await front.Back.Writer.WriteAsync(await ReadAsync(behind.Back.Reader, NonceBytes));
        await behind.Out.Writer.WriteAsync(await ReadAsync(front.Out.Reader, 48));
        await Assert.ThrowsAsync<ChallengeFailedException>(() => accept);
        await front.Back.Writer.CompleteAsync();
        await Assert.ThrowsAsync<ChallengeFailedException>(() => meant);
    }

    [Fact]
    public async Task Who_has_taken_the_port_of_another_cannot_pass_on_what_was_meant_for_it()
    {
        foreach (var (meant, found) in ((byte[], byte[])[])[(Challenge.NodeOf(Guid.NewGuid()), Challenge.NodeOf(Guid.NewGuid())),
            (Challenge.SiloAt(new IPEndPoint(IPAddress.Loopback, 1)), Challenge.SiloAt(new IPEndPoint(IPAddress.Loopback, 2)))])
        {
            // All bytes pass between the dialler and another than it means, as through somebody between them.
            var wire = new Wire();
            var dial = wire.DialAsync(Ours, Purpose.Link, meant);
            Assert.Contains("means another node", (await Assert.ThrowsAsync<ChallengeFailedException>(() => wire.AcceptAsync(Ours, target: found))).Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<ChallengeFailedException>(() => dial);
        }
    }

    [Theory]
    [InlineData(new byte[] { 0, 4, 0, 0 })]
    [InlineData(new byte[] { (byte)'T', (byte)'O', (byte)'K', (byte)'E' })]
    [InlineData(new byte[] { (byte)'G' })]
    public async Task What_begins_otherwise_is_refused_at_its_first_bytes(byte[] first)
    {
        var wire = new Wire();
        await wire.Out.Writer.WriteAsync(first);
        Assert.Contains("not spoken at this port", (await Assert.ThrowsAsync<ChallengeFailedException>(() => wire.AcceptAsync(Ours))).Message, StringComparison.Ordinal);
        Assert.Equal(0, wire.Told);
    }

    [Fact]
    public async Task A_purpose_that_a_port_does_not_serve_is_refused_before_anything_is_told()
    {
        var wire = new Wire();
        var dial = wire.DialAsync(Ours, (Purpose)'X');
        await Assert.ThrowsAsync<ChallengeFailedException>(() => wire.AcceptAsync(Ours, mayOpen: false));
        Assert.Equal(0, wire.Told);
        await Assert.ThrowsAsync<ChallengeFailedException>(() => dial);
    }

    [Fact]
    public async Task Who_ends_or_falls_silent_half_way_is_not_waited_for()
    {
        var ended = new Wire();
        await ended.Out.Writer.WriteAsync("TOKMESHL"u8.ToArray());
        await ended.Out.Writer.CompleteAsync();
        await Assert.ThrowsAsync<ChallengeFailedException>(() => ended.AcceptAsync(Ours));
        var silent = new Wire();
        await silent.Out.Writer.WriteAsync("TOKM"u8.ToArray());
        using var limit = new CancellationTokenSource(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => silent.AcceptAsync(Ours, cancel: limit.Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123")]
    [InlineData("zz23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void A_file_that_holds_no_secret_is_named_and_its_content_is_not(string content)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, content + "\n");
            var problem = Assert.Throws<FormatException>(() => TokMeshSecret.Read(file)).Message;
            Assert.Contains(file, problem, StringComparison.Ordinal);
            if (content.Length > 0) Assert.DoesNotContain(content, problem, StringComparison.Ordinal);
            var secret = TokMeshSecret.Draw();
            File.WriteAllText(file, secret.ToFileText());
            Assert.Equal(secret.ForClients().ToFileText(), TokMeshSecret.Read(file).ForClients().ToFileText());
            Assert.DoesNotContain(secret.ToFileText().Trim(), $"{secret}", StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<byte[]> ReadAsync(PipeReader reader, int count)
    {
        var read = await reader.ReadAtLeastAsync(count);
        var bytes = read.Buffer.Slice(0, count).ToArray();
        reader.AdvanceTo(read.Buffer.GetPosition(count));
        return bytes;
    }

    /// <summary>A connection, and what went over it.</summary>
    private sealed class Wire
    {
        private readonly Counting _out;
        private readonly Counting _back;

        public Wire() => (_out, _back) = (new Counting(Out.Writer), new Counting(Back.Writer));

        public Pipe Out { get; } = new();

        public Pipe Back { get; } = new();

        /// <summary>Bytes that the accepting end has sent.</summary>
        public int Told => _back.Bytes.WrittenCount;

        /// <summary>What the dialling end has sent.</summary>
        public ReadOnlyMemory<byte> Recorded => _out.Bytes.WrittenMemory;

        public async Task<Opened> DialAsync(TokMeshSecret? secret, Purpose purpose, byte[]? target = null) =>
            await Challenge.DialAsync(Back.Reader, _out, secret, purpose, Directories.Dialler, target ?? [], default);

        public async Task<Opened> AcceptAsync(TokMeshSecret? secret, bool mayOpen = true, byte[]? target = null, CancellationToken cancel = default)
        {
            try
            {
                return await Challenge.AcceptAsync(Out.Reader, _back, _ => mayOpen ? new Challenge.Expected(secret, target ?? []) : null, Directories.Acceptor, cancel);
            }
            catch
            {
                // As whoever accepts does then.
                await Back.Writer.CompleteAsync();
                throw;
            }
        }
    }

    private sealed class Counting(PipeWriter inner) : PipeWriter
    {
        private Memory<byte> _last;

        public ArrayBufferWriter<byte> Bytes { get; } = new();

        public override void Advance(int bytes)
        {
            Bytes.Write(_last.Span[..bytes]);
            inner.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _last = inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);
    }
}
