using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using TokMesh.Client.Tests.Harness;
using TokMesh.TestKit;
using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests.Web;

/// <summary>The sample application as a person and a program use it: two processes of it, and one store.</summary>
[Collection(GatewayCollection.Name)]
public sealed partial class SampleTests(SharedGateway shared)
{
    [Fact]
    public async Task Who_signs_out_everywhere_on_one_process_is_out_on_the_other()
    {
        using var one = await Sample.StartAsync(shared.Gateway);
        using var two = await Sample.StartAsync(shared.Gateway);
        using var browser = new HttpClient(new HttpClientHandler { CookieContainer = new CookieContainer() });

        Assert.Contains("Sign in", await PostFormAsync(browser, one.Address, "sign-in", ("user", "<sam>"), ("password", "wrong")), StringComparison.Ordinal);
        Assert.Contains("Hello, &lt;sam&gt;", await PostFormAsync(browser, one.Address, "sign-in", ("user", "<sam>"), ("password", "demo")), StringComparison.Ordinal);
        // Cookies do not tell ports apart: to the browser both processes are one site.
        Assert.Contains("Hello, &lt;sam&gt;", await browser.GetStringAsync(two.Address), StringComparison.Ordinal);

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(two.Address, "api/tokens")) { Headers = { { "X-Requested-With", "test" } } };
        using var answer = await browser.SendAsync(request);
        var token = TokenIn().Match(await answer.Content.ReadAsStringAsync()).Value;
        Assert.Equal(HttpStatusCode.OK, await CallAsync(one, token));
        Assert.Equal(await browser.GetStringAsync(new Uri(one.Address, "api/time")), await browser.GetStringAsync(new Uri(two.Address, "api/time")));

        await PostFormAsync(browser, two.Address, "sign-out-everywhere");
        Assert.Contains("Sign in", await browser.GetStringAsync(one.Address), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(one, token));
    }

    private static async Task<HttpStatusCode> CallAsync(Sample sample, string token)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(sample.Address, "api/me")) { Headers = { { "Authorization", "Bearer " + token } } };
        using var answer = await http.SendAsync(request);
        return answer.StatusCode;
    }

    /// <summary>Fills in the form that the page shows; the page that follows.</summary>
    private static async Task<string> PostFormAsync(HttpClient browser, Uri address, string action, params (string Name, string Value)[] fields)
    {
        var page = FormToken().Match(await browser.GetStringAsync(address)).Groups[1].Value;
        using var form = new FormUrlEncodedContent([new("__RequestVerificationToken", page), .. fields.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))]);
        using var answer = await browser.PostAsync(new Uri(address, action), form);
        return await answer.Content.ReadAsStringAsync();
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]*)\"")]
    private static partial Regex FormToken();

    [GeneratedRegex("tmtk_[A-Za-z0-9_-]{43}")]
    private static partial Regex TokenIn();

    private sealed class Sample : IDisposable
    {
        private readonly Process _process;

        private Sample(Process process, Uri address) => (_process, Address) = (process, address);

        public Uri Address { get; }

        public static async Task<Sample> StartAsync(TestGateway gateway)
        {
            // Beside this test in the tree, built in the same configuration.
            var own = new DirectoryInfo(AppContext.BaseDirectory);
            var folder = Path.Combine(SourceTree.Root, "client-sdk", "sample", "bin", own.Parent!.Name, own.Name);
            var info = new ProcessStartInfo("dotnet") { WorkingDirectory = folder, RedirectStandardOutput = true };
            info.ArgumentList.Add("TokMesh.Sample.Web.dll");
            info.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
            info.Environment["TokMesh__ApiKey"] = gateway.Issuer;
            for (var n = 0; n < 3; n++) info.Environment[$"TokMesh__Endpoints__{n}"] = gateway.Address.AbsoluteUri;
            var process = Process.Start(info)!;
            var listens = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
            process.OutputDataReceived += (_, output) =>
            {
                if (output.Data is null) listens.TrySetException(new InvalidOperationException("The sample ended before it listened."));
                else if (output.Data.IndexOf("http://127.0.0.1:", StringComparison.Ordinal) is >= 0 and var at) listens.TrySetResult(new Uri(output.Data[at..].Trim()));
            };
            process.BeginOutputReadLine();
            try
            {
                return new Sample(process, await listens.Task.WaitAsync(TimeSpan.FromMinutes(1)));
            }
            catch
            {
                process.Kill();
                throw;
            }
        }

        public void Dispose()
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
