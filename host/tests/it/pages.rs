//! The pages, as a browser asks for them, over real sockets.

use serde_json::json;

use crate::admin::{EVENT, Running, TOKEN, post, send_for_text, start};

/// What a page is asked for with.
struct Browser<'r> {
    running: &'r Running,
    cookie: String,
}

impl<'r> Browser<'r> {
    fn new(running: &'r Running) -> Self {
        Self { running, cookie: String::new() }
    }

    /// One that was let in by the token.
    fn let_in(running: &'r Running) -> Self {
        let mut browser = Self::new(running);
        let (status, head, _) = browser.post("/login", &format!("token={TOKEN}&next=%2Fdead"));
        assert_eq!((status, header(&head, "location")), (303, "/dead"));
        browser.cookie = header(&head, "set-cookie").split(';').next().unwrap().to_owned();
        browser
    }

    fn get(&self, path: &str) -> (u16, String, String) {
        send_for_text(
            self.running.address,
            &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {}\r\n\r\n", self.cookie),
        )
    }

    /// What stands on a page that is there.
    fn page(&self, path: &str) -> String {
        let (status, head, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        assert!(header(&head, "content-security-policy").starts_with("default-src 'none'"), "{head}");
        assert!(body.contains("<!DOCTYPE html>") && body.contains("lang=\"en\""), "{body}");
        body
    }

    fn post(&self, path: &str, form: &str) -> (u16, String, String) {
        self.post_from(path, form, "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n")
    }

    fn post_from(&self, path: &str, form: &str, origin: &str) -> (u16, String, String) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n{origin}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            self.cookie,
            form.len()
        );
        send_for_text(self.running.address, &request)
    }
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let line = head.lines().find_map(|line| line.split_once(':').filter(|(of, _)| of.eq_ignore_ascii_case(name)));
    line.map_or("", |(_, value)| value.trim())
}

const PAGES: [&str; 13] = [
    "/",
    "/?range=month",
    "/projects",
    "/projects/birds",
    "/projects/birds/tasks/7",
    "/events",
    "/invocations",
    "/deliveries",
    "/dead",
    "/plugins",
    "/dead/replay?id=1",
    "/invocations/give-up",
    "/deliveries/give-up?connection=board",
];

#[test]
fn who_was_not_let_in_is_led_to_where_that_is_done() {
    let running = start();
    let stranger = Browser::new(&running);
    for path in PAGES {
        let (status, head, body) = stranger.get(path);
        assert_eq!((status, body.as_str()), (303, ""), "{path}");
        assert!(header(&head, "location").starts_with("/login?next=%2F"), "{head}");
    }
    for path in ["/projects/birds/results.csv", "/live", "/nothing"] {
        assert_eq!(stranger.get(path).0, 303, "{path}");
    }
    assert!(stranger.page("/login?next=%2Fdead").contains("value=\"/dead\""));
    for asset in ["/assets/style.css", "/assets/live.js", "/assets/icon.svg"] {
        let (status, head, _) = stranger.get(asset);
        assert_eq!((status, header(&head, "cache-control")), (200, "private, max-age=31536000, immutable"), "{asset}");
    }
}

#[test]
fn the_token_lets_a_browser_in_to_pages_and_not_to_the_api() {
    let running = start();
    let browser = Browser::let_in(&running);
    for path in PAGES {
        browser.page(path);
    }
    assert_eq!(browser.get("/v1/status").0, 401);
    let (_, head, _) = Browser::new(&running).post("/login", &format!("token={TOKEN}"));
    let cookie = header(&head, "set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict;"), "{cookie}");
    let (status, head, _) = browser.post("/logout", "");
    assert_eq!((status, header(&head, "location")), (303, "/login"));
    assert!(header(&head, "set-cookie").contains("Max-Age=0"), "{head}");
}

#[test]
fn a_wrong_token_and_a_way_elsewhere_are_refused() {
    let running = start();
    let stranger = Browser::new(&running);
    let (status, head, body) = stranger.post("/login", "token=guessed");
    assert_eq!((status, header(&head, "set-cookie")), (401, ""));
    assert!(body.contains("That is not the token of this host."), "{body}");
    for next in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", ""] {
        let (_, head, _) = stranger.post("/login", &format!("token={TOKEN}&next={next}"));
        assert_eq!(header(&head, "location"), "/", "{next}");
    }
    let forged = Browser { running: &running, cookie: "crowdhook=9999999999.00".to_owned() };
    assert_eq!(forged.get("/").0, 303);
}

#[test]
fn a_link_lets_in_whoever_opens_it_first() {
    let running = start();
    let (status, link) = post(&running, "/v1/login-links", &json!({}));
    let path = link["path"].as_str().unwrap();
    assert_eq!(status, 200);
    let (status, head, _) = Browser::new(&running).get(path);
    assert_eq!((status, header(&head, "location")), (303, "/"));
    let cookie = header(&head, "set-cookie").split(';').next().unwrap().to_owned();
    Browser { running: &running, cookie }.page("/");
    let (status, head, body) = Browser::new(&running).get(path);
    assert_eq!((status, header(&head, "set-cookie")), (401, ""));
    assert!(body.contains("was opened already"), "{body}");
}

#[test]
fn the_token_of_a_hook_is_shown_to_who_asks_for_it() {
    let running = start();
    let browser = Browser::let_in(&running);
    let (status, _, page) = browser.post("/projects/birds/hook", "");
    assert_eq!(status, 200);
    assert!(page.contains("https://hooks.example.org/hooks/birds/the-hook-token-must-not-show"), "{page}");
    assert!(!page.contains("api-key"), "{page}");
}

#[test]
fn a_dead_letter_is_replayed_from_its_page_and_from_no_other_site() {
    let running = start();
    let browser = Browser::let_in(&running);
    let asked = browser.page("/dead/replay?id=1");
    assert!(asked.contains("Replay 1") && asked.contains("{&quot;id&quot;:&quot;1&quot;}"), "{asked}");
    let form = "wanted=%7B%22id%22%3A%221%22%7D";
    for origin in ["Origin: https://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n", "Origin: null\r\n"] {
        assert_eq!(browser.post_from("/dead/replay", form, origin).0, 403, "{origin}");
    }
    assert_eq!(browser.post("/dead/replay", "wanted=all").0, 400);
    let (status, _, page) = browser.post("/dead/replay", form);
    assert_eq!(status, 200);
    assert!(page.contains("1 invocation and 0 deliveries put through again."), "{page}");
    assert!(browser.page("/dead").contains("Nothing that fits was given up."));
    assert!(browser.page("/invocations?state=waiting").contains(EVENT));
}

#[test]
fn what_waits_is_given_up_from_its_page_and_is_a_dead_letter_then() {
    let running = start();
    let browser = Browser::let_in(&running);
    assert!(browser.page("/invocations/give-up").contains("Nothing that fits waits"));
    assert_eq!(post(&running, "/v1/dead/replay", &json!({})).0, 200);
    let asked = browser.page("/invocations/give-up?project=birds");
    assert!(asked.contains("Give up 1") && asked.contains("{&quot;project&quot;:&quot;birds&quot;}"), "{asked}");
    assert!(!asked.contains("No filter is set") && browser.page("/invocations/give-up").contains("No filter is set"));
    let way = format!("/invocations/give-up?event={EVENT}&amp;plugin=vote");
    for page in ["/invocations", &format!("/events/{EVENT}")] {
        assert!(browser.page(page).contains(&way), "{page}");
    }
    let form = format!("wanted=%7B%22event%22%3A%22{EVENT}%22%2C%22plugin%22%3A%22vote%22%7D");
    for origin in ["Origin: https://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n", "Origin: null\r\n"] {
        assert_eq!(browser.post_from("/invocations/give-up", &form, origin).0, 403, "{origin}");
    }
    assert_eq!(browser.post("/invocations/give-up", "wanted=all").0, 400);
    assert_eq!(browser.get("/invocations/give-up?state=done").0, 400);
    let (status, _, page) = browser.post("/invocations/give-up", &form);
    assert_eq!(status, 200);
    assert!(page.contains("1 invocation given up.") && !page.contains("There may be more"), "{page}");
    assert!(browser.page("/dead").contains("given up by the operator"));
    assert!(!browser.page(&format!("/events/{EVENT}")).contains("Still to be done"));
    let (_, _, none) = browser.post("/deliveries/give-up", "wanted=%7B%7D");
    assert!(none.contains("0 deliveries given up."), "{none}");
}

#[test]
fn what_is_not_there_and_what_makes_no_sense_is_told_on_a_page() {
    let running = start();
    let browser = Browser::let_in(&running);
    let cases = [
        ("/nothing", 404, "there is nothing here"),
        ("/projects/owls", 404, "there is no project of that name"),
        ("/projects/birds/tasks/99", 404, "nothing is known of task"),
        ("/events/7", 400, "that is no id of an event"),
        ("/deliveries/7", 404, "there is no such delivery"),
        ("/plugins/none", 404, "there is no component of that name"),
        ("/events?since=yesterday", 400, "is no time: write"),
        ("/events?kin=task.completed", 400, "unknown field `kin`"),
        ("/invocations?state=odd", 400, "filters are `event`, `project`"),
        ("/events?limit=0", 400, "is no number from 1 to 500"),
        ("/events?before=x", 400, "is no place"),
    ];
    for (path, status, words) in cases {
        let (found, head, body) = browser.get(path);
        assert_eq!(found, status, "{path}");
        assert!(header(&head, "content-type").starts_with("text/html") && body.contains(words), "{path}: {body}");
    }
}

#[test]
fn filters_are_kept_on_the_way_to_the_next_page() {
    let running = start();
    let browser = Browser::let_in(&running);
    let page = browser.page("/events?project=birds&kind=&text=TASK_ID&limit=1");
    assert!(page.contains(EVENT) && page.contains("value=\"TASK_ID\"") && page.contains("<option value=\"birds\" selected>"), "{page}");
    assert!(page.contains("/events?project=birds&amp;text=TASK_ID&amp;limit=1&amp;before=1"), "{page}");
    let next = browser.page("/events?project=birds&text=TASK_ID&limit=1&before=1");
    assert!(next.contains("Nothing found.") && next.contains("← Newest"), "{next}");
}
