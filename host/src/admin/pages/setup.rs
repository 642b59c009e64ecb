//! Setup help of a project: which address goes where, how a post proves itself, whether it was called, and what is missing. A platform with
//! an API is asked on demand; a sender without one has nothing that could be asked.

use maud::{Markup, html};

use super::super::{Admin, hook, view};
use super::parts::{Tone, ago, state};
use crate::config::{Hash, Hook};
use crate::event::PlatformKind;
use crate::plugin::registry::Project;
use crate::store::StoreError;

/// What is wanted of it.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// The address with its token.
    pub(super) reveal: bool,
    /// The platform's own word.
    pub(super) check: bool,
}

pub(super) async fn section(admin: &Admin, project: &Project, wanted: Wanted) -> Result<Markup, StoreError> {
    let config = &project.config;
    let (platform, name) = (&config.platform, &config.name);
    let own = hook::address(config, &admin.public_url);
    let shown = hook::shown(&own, config, hook::Standing::Ours, wanted.reveal);
    let called = admin.inbox.called_at(name).await?;
    let missing = view::missing(project);
    let who = if has_api(platform.kind) { "the platform" } else { "the sender" };
    Ok(html! {
        section #setup {
            h2 { "Setup" }
            dl.facts {
                dt { "File" } dd { code { (config.file.display()) } }
                dt { (address_label(platform.kind)) }
                dd { code.long { (shown) } " "
                    @if !wanted.reveal { form.inline method="post" action={ "/projects/" (name) "/hook#setup" } { button.plain type="submit" { "Show it with its token" } } } }
                dt { "How a post proves itself" } dd { (proofs(&config.hook).join(", and by ")) }
                dt { "Has " (who) " called it?" } dd { @match called {
                    Some(at) => { (state(Tone::Good, "yes")) " " (ago(at, admin.clock.now())) },
                    None => { (state(Tone::Busy, "not yet")) " " (what_to_do(platform.kind, name.as_str())) } } }
                @if has_api(platform.kind) {
                    dt { "Platform" } dd { (platform.url) ", project " (platform.project) }
                    dt { "Does the API key work?" } dd { (api(admin, project, wanted.check).await) }
                } @else {
                    dt { "Sender" } dd { (platform.url) ", project " (platform.project) ". It has no API: each post holds all there is to know." }
                }
                dt { "Missing" } dd { @if missing.is_empty() { "nothing" } @else { @for what in &missing { (what) " " } } }
            }
        }
    })
}

/// Whether there is something to ask, and a key to ask with.
fn has_api(kind: PlatformKind) -> bool {
    kind != PlatformKind::Generic
}

fn address_label(kind: PlatformKind) -> &'static str {
    match kind {
        PlatformKind::Pybossa => "Address to paste into PYBOSSA",
        PlatformKind::Appen => "Address to paste into Appen",
        PlatformKind::Generic => "Address for the sender to post to",
    }
}

/// How the platform comes to call the address.
fn what_to_do(kind: PlatformKind, name: &str) -> Markup {
    let set = html! { ", or run " code { "crowdhook hook set " (name) } "." };
    match kind {
        PlatformKind::Pybossa => {
            html! { "Paste the address into the field \u{201c}Webhook\u{201d} of the project's settings on PYBOSSA" (set) }
        }
        PlatformKind::Appen => html! { "Paste the address into the settings of the job on Appen, as its webhook" (set) },
        PlatformKind::Generic => {
            html! { "Have the sender post JSON to the address, in the shape that " code { "[generic]" } " of the file says." }
        }
    }
}

/// What the hook asks for, without any secret.
fn proofs(hook: &Hook) -> Vec<String> {
    let hash = |hash| match hash {
        Hash::Sha1 => "SHA-1",
        Hash::Sha256 => "SHA-256",
        Hash::Sha512 => "SHA-512",
    };
    let proofs = [
        (!hook.tokens.is_empty()).then(|| "the token at the end of the address".to_owned()),
        hook.basic.as_ref().map(|basic| format!("the name {} and its password", basic.user)),
        hook.header.as_ref().map(|header| format!("a secret in the header {}", header.name)),
        hook.hmac.as_ref().map(|hmac| format!("an HMAC of its body ({}) in the header {}", hash(hmac.hash), hmac.header)),
        hook.standard_webhooks.as_ref().map(|_| "a signature as Standard Webhooks has it".to_owned()),
    ];
    proofs.into_iter().flatten().collect()
}

/// Whether the platform answers to this project's key, and which address it calls; asked when somebody wants to know, since platforms
/// ration their calls.
async fn api(admin: &Admin, project: &Project, is_asked: bool) -> Markup {
    let name = &project.config.name;
    if !is_asked {
        return html! { a href={ "/projects/" (name) "?check=true#setup" } { "Ask the platform now" } };
    }
    let set = match project.platform.hook().await {
        Ok(set) => set,
        Err(error) => return html! { (state(Tone::Bad, "no answer")) " " (error) },
    };
    let found = hook::standing(&project.config, &admin.public_url, set.as_ref());
    html! {
        (state(Tone::Good, "answers")) " "
        @match found {
            hook::Standing::Ours => "and calls this project's address.",
            hook::Standing::OtherToken => { "but the address that is set has a token that does not count: " code { "crowdhook hook set " (name) } " mends it." }
            hook::Standing::Other => { "but another address is set: " code { "crowdhook hook set " (name) } " sets this one." }
            hook::Standing::Nothing | hook::Standing::Unknown => { "but no address is set: " code { "crowdhook hook set " (name) } " sets this one." }
        }
    }
}
