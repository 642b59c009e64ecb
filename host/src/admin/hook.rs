//! The address of a project's hook: how it is written down for a platform, whether what is set there is it, and how it is shown
//! to people who need not see its token. Pure.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::Project;
use crate::secret::Secret;

/// In the place of a hook's token.
const TOKEN: &str = "<token>";
/// In the place of whatever follows the host of an address that is not ours.
const HIDDEN: &str = "/…";

/// `GET /v1/projects/{name}/hook`, and the answer to a POST there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HookView {
    /// The project.
    pub project: String,
    /// Its platform: `pybossa`, `appen`.
    pub platform: String,
    /// The address to set, with `<token>` in the place of the token unless it is to be revealed.
    pub hook: String,
    /// The address that is set on the platform, likewise; none when none is, or when the platform does not tell.
    pub set: Option<String>,
    /// What that is.
    pub standing: Standing,
    /// When the hook brought something last, RFC 3339; none when it never has.
    pub called_at: Option<String>,
    /// What else to know.
    pub notes: Vec<String>,
}

/// `POST /v1/projects/{name}/hook`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WantedHook {
    /// The address to set; the project's own hook when nothing is said.
    pub url: Option<String>,
}

/// What the address is that is set on a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// This project's hook.
    Ours,
    /// This project's hook with a token that does not count, or no longer.
    OtherToken,
    /// Something else.
    Other,
    /// None is set.
    Nothing,
    /// The platform does not tell.
    Unknown,
}

/// The address of a project's hook with all its secrets, below `public_url`: with the first token, and the name and password where the
/// hook asks for them.
#[must_use]
pub fn address(project: &Project, public_url: &Url) -> Secret {
    let mut url = public_url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["hooks", project.name.as_str()]).extend(project.hook.tokens.first().map(Secret::reveal));
    }
    if let Some(basic) = &project.hook.basic {
        // An address of the web can hold both.
        url.set_username(&basic.user).ok();
        url.set_password(basic.passwords.first().map(Secret::reveal)).ok();
    }
    Secret::new(url.as_str())
}

/// What `set` is to `project`.
#[must_use]
pub fn standing(project: &Project, public_url: &Url, set: Option<&Secret>) -> Standing {
    let Some(set) = set else { return Standing::Nothing };
    let own = Url::parse(address(project, public_url).reveal());
    let (Ok(set), Ok(own)) = (Url::parse(set.reveal()), own) else { return Standing::Other };
    let token = |url: &Url| url.path().rsplit_once('/').map(|(_, last)| Secret::new(last));
    let without_token = |url: &Url| match project.hook.tokens.is_empty() {
        true => url.path().to_owned(),
        false => url.path().rsplit_once('/').map_or_else(String::new, |(before, _)| before.to_owned()),
    };
    if set.origin() != own.origin() || without_token(&set) != without_token(&own) {
        return Standing::Other;
    }
    let token_counts = project.hook.tokens.is_empty() || token(&set).is_some_and(|token| project.hook.tokens.contains(&token));
    let basic_counts = project.hook.basic.as_ref().is_none_or(|basic| {
        let password = set.password().map(|password| Secret::new(&decoded(password)));
        decoded(set.username()) == basic.user && password.is_some_and(|password| basic.passwords.contains(&password))
    });
    if token_counts && basic_counts { Standing::Ours } else { Standing::OtherToken }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// An address as it is shown. Of one that is not ours nothing is shown behind the host, since anything may be a secret there.
#[must_use]
pub fn shown(url: &Secret, project: &Project, standing: Standing, reveal: bool) -> String {
    if reveal {
        return url.reveal().to_owned();
    }
    let Ok(url) = Url::parse(url.reveal()) else { return "…".to_owned() };
    let origin = url.origin().ascii_serialization();
    match standing {
        Standing::Ours | Standing::OtherToken if project.hook.tokens.is_empty() => format!("{origin}{}", url.path()),
        Standing::Ours | Standing::OtherToken => {
            format!("{origin}{}/{TOKEN}", url.path().rsplit_once('/').map_or("", |(before, _)| before))
        }
        _ if url.path().len() > 1 || url.query().is_some() => format!("{origin}{HIDDEN}"),
        _ => origin,
    }
}

#[cfg(test)]
mod tests;
