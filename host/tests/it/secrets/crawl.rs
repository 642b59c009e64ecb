use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use super::Search;
use crate::harness::crate_folder;
use crate::harness::everything::Everything;
use crate::harness::wire::{self, Reply};

/// Pages are there by the hundred, and each leads to others.
const PAGES_MAX: usize = 600;
/// What every host has of pages.
const PAGES_MIN: usize = 60;

/// Lets a browser in by the link of `crowdhook dashboard`; gives the cookie. Link and cookie are secrets from here on.
pub(super) async fn sign_in(everything: &Everything) -> String {
    let link = everything.ask("POST", "/v1/login-links", "{}").await;
    let link: Value = serde_json::from_str(&link.body).unwrap();
    let path = link["path"].as_str().unwrap();
    everything.marks.know("a link that lets in", path.strip_prefix("/login/").unwrap());
    let reply = get(everything, path, "").await;
    let cookie = reply.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    everything.marks.know("the cookie", cookie.split_once('.').unwrap().1);
    cookie
}

async fn get(everything: &Everything, path: &str, cookie: &str) -> Reply {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n");
    wire::send(everything.folder.admin, request).await.unwrap()
}

/// Follows every link of every page.
pub(super) async fn pages(everything: &Everything, search: &Search<'_>, cookie: &str) {
    let mut wanted = VecDeque::from(["/".to_owned(), "/nothing".to_owned(), "/login".to_owned(), "/events/7".to_owned()]);
    let mut known: BTreeSet<String> = wanted.iter().cloned().collect();
    let mut looked_at = 0;
    while let Some(path) = wanted.pop_front().filter(|_| looked_at < PAGES_MAX) {
        let reply = get(everything, &path, cookie).await;
        assert!(reply.status < 500, "{path}: {}", reply.body);
        search.look(&path, format!("{}\n{}", reply.head, reply.body));
        looked_at += 1;
        for link in links(&reply.body) {
            if known.insert(link.clone()) {
                wanted.push_back(link);
            }
        }
    }
    assert!(looked_at >= PAGES_MIN, "{known:#?}");
    for wanted in ["/projects/gulls", "/deliveries", "/dead", "/plugins", "/projects/birds/results.csv", "/projects/birds/results.json"] {
        assert!(known.contains(wanted), "no page leads to {wanted}: {known:#?}");
    }
}

/// The paths of this host that a page leads to.
fn links(page: &str) -> Vec<String> {
    let places = ["href=\"", "src=\"", "action=\""].into_iter().flat_map(|attribute| page.split(attribute).skip(1));
    let paths = places.filter_map(|rest| rest.split('"').next());
    let own = paths.filter(|path| path.starts_with('/') && !path.starts_with("//"));
    own.map(|path| path.split('#').next().unwrap_or_default().replace("&amp;", "&")).collect()
}

/// Every GET of the API, about everything that there is.
pub(super) async fn api(everything: &Everything, search: &Search<'_>) {
    let document = std::fs::read_to_string(crate_folder().join("src/admin/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    for template in paths.iter().filter(|(_, methods)| !methods["get"].is_null()).map(|(template, _)| template) {
        for path in made_of(everything, template).await {
            let reply = everything.ask("GET", &path, "").await;
            // 502 tells of `parrots`, whose platform refuses everything.
            assert!([200, 404, 409, 502].contains(&reply.status), "{path}: {} {}", reply.status, reply.body);
            search.look(&path, format!("{}\n{}", reply.head, reply.body));
        }
    }
}

/// A path's template with every name and id that fits.
async fn made_of(everything: &Everything, template: &str) -> Vec<String> {
    let listed = async |path: &str, list: &str, member: &str| -> Vec<String> {
        let answer = everything.api(path).await;
        let rows = answer.pointer(list).unwrap().as_array().unwrap().clone();
        rows.iter().filter_map(|row| row[member].as_str().map(str::to_owned)).collect()
    };
    let names = match template {
        _ if template.starts_with("/v1/projects/") => listed("/v1/projects", "", "name").await,
        _ if template.starts_with("/v1/plugins/") => listed("/v1/plugins", "", "name").await,
        _ if template.starts_with("/v1/events/") => listed("/v1/events?limit=500", "/rows", "id").await,
        _ if template.starts_with("/v1/deliveries/") => listed("/v1/deliveries?limit=500", "/rows", "id").await,
        "/v1/tail" => return vec!["/v1/tail?after=0&wait_s=0".to_owned()],
        _ if template.contains('{') => panic!("nothing is known that fits `{template}`"),
        _ => return vec![template.to_owned(), format!("{template}?limit=500")],
    };
    assert!(!names.is_empty(), "{template}");
    let with_name = names.iter().map(|name| template.replace("{name}", name).replace("{id}", name));
    with_name.map(|path| path.replace("{task}", "1")).collect()
}
