using Microsoft.AspNetCore.DataProtection;
using TokMesh.Client;
using TokMesh.Client.AspNetCore;
using TokMesh.Sample.Web;

var builder = WebApplication.CreateBuilder(args);

// TokMesh:Endpoints and TokMesh:ApiKey, from appsettings.json or TokMesh__ApiKey in the environment.
builder.Services.AddTokMeshClient(options => builder.Configuration.GetSection("TokMesh").Bind(options));

// All that two processes of this application have in common is the store.
builder.Services.AddDataProtection().SetApplicationName("tokmesh-sample").PersistKeysToTokMesh();
builder.Services.AddAuthentication("Cookies").AddCookie(options => options.LoginPath = "/").UseTokMeshTickets().AddTokMeshTokens();
builder.Services.AddAuthorization();
builder.Services.AddAntiforgery();
builder.Services.AddTokMeshDistributedCache();

var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();
app.UseAntiforgery();
app.MapPages();
app.MapApi();
await app.RunAsync();
