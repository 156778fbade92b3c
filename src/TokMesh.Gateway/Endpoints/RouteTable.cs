using TokMesh.Cluster.Meta;
using TokMesh.Gateway.Requests;
using TokMesh.Gateway.Serving;

namespace TokMesh.Gateway.Endpoints;

/// <summary>Every route of the front end.</summary>
internal static class RouteTable
{
    public static IReadOnlyList<HttpRoute> Of(Pipeline pipeline)
    {
        var frontEnd = pipeline.FrontEnd;
        var sessions = new SessionEndpoints(frontEnd, pipeline.Meter);
        var tokens = new TokenEndpoints(frontEnd, pipeline.Meter);
        var search = new SearchEndpoint(frontEnd);
        var keys = new KeyEndpoints(frontEnd);
        var apiKeys = new ApiKeyEndpoints(frontEnd, pipeline.Usage);
        var survey = new ReplicaSurvey(frontEnd.Node);
        var health = new HealthEndpoints(frontEnd, survey);
        var cluster = new ClusterEndpoints(frontEnd, survey);

        var issuer = Access.Of(ApiRole.Issuer);
        var validator = Access.Of(ApiRole.Validator);
        HttpRoute[] routes =
        [
            new("/sessions", Get: new(search.RunAsync, issuer), Post: new(sessions.CreateAsync, issuer, Replay.MayBeRequired)),
            new("/sessions/{session_id}", Get: new(sessions.GetAsync, validator)),
            new("/sessions/{session_id}/touch", Post: new(sessions.TouchAsync, validator, Replay.VerifiedIfSent)),
            new("/sessions/{session_id}/renew", Post: new(sessions.RenewAsync, issuer, Replay.MayBeRequired)),
            new("/sessions/{session_id}/revoke", Post: new(sessions.RevokeAsync, issuer, Replay.MayBeRequired)),
            new("/users/{user_id}/sessions/revoke", Post: new(sessions.RevokeUserAsync, issuer, Replay.MayBeRequired)),
            new("/tokens/validate", Post: new(tokens.ValidateAsync, validator, Replay.VerifiedIfSent)),
            new("/keys/{key}",
                Get: new(keys.GetAsync, issuer),
                Post: new(keys.SetAsync, issuer, Replay.MayBeRequired) { MaxBodyBytes = frontEnd.Options.MaxBodyBytes }),
            new("/keys/{key}/delete", Post: new(keys.DeleteAsync, issuer, Replay.MayBeRequired)),
            new("/admin/v1/keys",
                Get: new(apiKeys.ListAsync, Access.AdminApi),
                Post: new(apiKeys.CreateAsync, Access.AdminApi, Replay.MayBeRequired)),
            new("/admin/v1/keys/{key_id}/status", Post: new(apiKeys.SetStatusAsync, Access.AdminApi, Replay.MayBeRequired)),
            new("/cluster/status", Get: new(cluster.StatusAsync, Access.AnyKey)),
            new("/cluster/members", Get: new(cluster.MembersAsync, Access.AnyKey)),
            new("/cluster/shards", Get: new(cluster.ShardsAsync, Access.Of(ApiRole.Admin))),
            new("/health", Get: new(health.HealthAsync, Access.Open) { AnswersAlways = true, IsOfLife = true }),
            new("/ready", Get: new(health.ReadyAsync, Access.Open) { AnswersAlways = true, IsOfLife = true }),
        ];
        var metrics = new MetricsEndpoint(pipeline, survey, [.. routes, HttpRoute.Unmatched]);
        var access = frontEnd.Options.MetricsAuthentication ? Access.Of(ApiRole.Metrics) : Access.Open;
        return [.. routes, new HttpRoute("/metrics", Get: new(metrics.RunAsync, access) { HasBareErrors = true, AnswersAlways = true })];
    }
}
