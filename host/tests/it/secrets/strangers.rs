use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use crate::harness::everything::{Everything, item};
use crate::harness::wire;

const JSON: &str = "application/json";

/// Knocks at both listeners with what is wrong there: it may be right elsewhere, as the former token is, or that of another host.
pub(super) async fn knock(everything: &Everything) {
    let mark = |what: &str| everything.marks.make(what);
    let body = item(1).to_string();
    let with = |request: String, headers: &str| request.replacen("\r\n", &format!("\r\n{headers}\r\n"), 1);
    let finches = everything.hook("finches");
    let proven = |name: &str, value: &str| {
        let request = everything.proven(&finches, &body);
        let lines = request.split("\r\n").map(|line| if line.starts_with(name) { format!("{name}: {value}") } else { line.to_owned() });
        lines.collect::<Vec<_>>().join("\r\n")
    };
    let basic = BASE64.encode(format!("labels:{}", mark("wrong-password")));
    let outside = [
        wire::post(&format!("/hooks/birds/{}", mark("wrong-token")), JSON, &body),
        wire::post(&format!("/hooks/birds/{}?key={}", mark("wrong-token"), mark("wrong-query")), JSON, &body),
        wire::post(&format!("/hooks/nowhere/{}", mark("token-of-nobody")), JSON, &body),
        wire::get(&format!("/{}", mark("path-of-nobody"))),
        wire::get(&everything.hook("birds")),
        proven("Authorization", &format!("Basic {basic}")),
        proven("Authorization", &format!("Bearer {}", mark("wrong-bearer"))),
        proven("X-Hook-Key", &mark("wrong-header")),
        proven("X-Signature", &mark("wrong-signature")),
        proven("Webhook-Signature", &format!("v1,{}", mark("wrong-standard"))),
        proven("Webhook-Id", &mark("wrong-id")),
        with(
            wire::post(&everything.hook("stream"), JSON, "[]"),
            &format!("Authorization: Bearer {}\r\nCookie: a={}", mark("bearer"), mark("cookie")),
        ),
        wire::post(&format!("{}?api_key={}", everything.hook("stream"), mark("query-of-a-hook")), JSON, "[]"),
        format!("{} / HTTP/1.1\r\n\r\n", mark("no-method")),
        format!("GET / HTTP/1.1\r\n{}\r\n\r\n", mark("no-header")),
    ];
    for request in outside {
        // What is no HTTP may be hung up on.
        wire::send(everything.folder.listen, request).await.ok();
    }
    let token = everything.token().await;
    let admitted = |request: String| with(request, &format!("Authorization: Bearer {token}"));
    let inside = [
        with(wire::get("/v1/status"), &format!("Authorization: Bearer {}", mark("wrong-admin-token"))),
        with(wire::get("/v1/status"), &format!("Authorization: Basic {basic}")),
        with(wire::get("/"), &format!("Cookie: crowdhook=9999999999.{}", mark("wrong-cookie"))),
        wire::get(&format!("/v1/status?token={}", mark("admin-query"))),
        wire::get(&format!("/login/{}", mark("wrong-link"))),
        wire::post("/login", "application/x-www-form-urlencoded", &format!("token={}", mark("wrong-login"))),
        wire::get("/v1/status").replace("localhost", &mark("host")),
        admitted(wire::get(&format!("/v1/events?text={}", mark("searched-text")))),
        admitted(wire::get(&format!("/v1/events?{}=1", mark("unknown-filter")))),
        admitted(wire::get(&format!("/events?text={}", mark("searched-on-a-page")))),
        admitted(wire::post("/v1/dead/replay", JSON, &json!({ mark("unknown-member"): 1 }).to_string())),
        admitted(wire::post("/v1/projects/birds/hook", JSON, &json!({ "url": mark("no-address") }).to_string())),
        admitted(wire::post("/v1/projects/birds/hook", JSON, &format!("{{\"url\": \"{}", mark("broken-json")))),
    ];
    for request in inside {
        wire::send(everything.folder.admin, request).await.unwrap();
    }
}

/// Posts payloads that hold secrets, in every shape in which they come: whole, of another shape, broken.
pub(super) async fn post_what_cannot_be_read(everything: &Everything) {
    let mark = |what: &str| everything.marks.make(what);
    let mut keys = json!([item(900)[0].clone()]);
    for key in
        ["token", "api_key", "Authorization", "webhook_uri", "webhook", "password", "client-secret", "Set-Cookie-token", "secret_key"]
    {
        keys[0][key] = mark("payload").into();
        keys[0]["item"][key] = json!({ "deep": mark("payload-deep") });
    }
    keys[0]["item"]["data"]["password"] = mark("payload-data").into();
    let odd_kind = json!([{ "type": "item.odd", "api_key": mark("odd-kind"), "item": { "token": mark("odd-kind-deep") } }]);
    let no_item = json!([{ "type": "item.done", "secret": mark("no-item") }]);
    let broken = format!(
        "[{{\"type\": \"item.done\", \"token\": \"{}\", \"url\": \"https://ann:{}@crowd.example.org/\", 'password': '{}', api_key={}\n",
        mark("broken-token"),
        mark("broken-userinfo"),
        mark("broken-password"),
        mark("broken-key")
    );
    let own = format!("{{\"hook\": \"http://crowd/{}\", \"key\": ", everything.hook("stream"));
    let mut repeated = json!([item(901)[0].clone()]);
    repeated[0]["called"] = format!("http://crowd/{}", everything.hook("stream")).into();
    repeated[0]["accessToken"] = mark("payload-camel").into();
    for body in [keys.to_string(), odd_kind.to_string(), no_item.to_string(), broken, own, repeated.to_string()] {
        let reply = wire::send(everything.folder.listen, wire::post(&everything.hook("stream"), JSON, &body)).await.unwrap();
        assert!([200, 400, 422].contains(&reply.status), "{body}: {} {}", reply.status, reply.body);
    }
    let job = format!(
        "signal=job_complete&payload={{\"id\":4242,\"secret\":\"{}\",\"webhook_uri\":\"http://crowd{}\"}}&signature={}&secret={}",
        mark("job-secret"),
        everything.hook("cats"),
        mark("job-signature"),
        mark("job-field")
    );
    let form = "application/x-www-form-urlencoded";
    wire::send(everything.folder.listen, wire::post(&everything.hook("cats"), form, &job)).await.unwrap();
    let posted = format!("{{\"event\": \"task_completed\", \"api_key\": \"{}\", \"project_id\": ", mark("pybossa-broken"));
    wire::send(everything.folder.listen, wire::post(&everything.hook("birds"), JSON, &posted)).await.unwrap();
    everything.settled().await;
}
