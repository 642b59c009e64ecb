//! The file of the first project, as a person would write it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::wanted::{At, Platform, Plugin, Wanted};

/// Mails are kept here until somebody names a mail server.
const MAIL_FOLDER: &str = "mail";

/// The whole file. `dir` is the folder that is made: what lies in it is named from the file's own folder on.
pub(super) fn text(wanted: &Wanted, dir: &Path) -> String {
    let mut text = platform(wanted, &|at| secret(at, dir));
    text += "\n# A plugin by a name of your choice, the component that it runs, and what it may do.\n";
    for plugin in &wanted.plugins {
        text += match plugin {
            Plugin::MajorityVote => "[plugins.vote]\ncomponent = \"majority-vote\"\nallow = [\"results\", \"events\"]\n\n",
            Plugin::ResultsFile => {
                "[folders]\nresults = \"../results\"\n\n[plugins.table]\ncomponent = \"results-file\"\nallow = [\"files\"]\n\
                 folders = [\"results\"]\n\n[plugins.table.settings]\nfolder = \"results\"\nmode = \"append\"\n\n"
            }
        };
        if *plugin == Plugin::MajorityVote {
            text += "[plugins.vote.settings]\n# Where in an answer to look: of {\"animal\": \"robin\"} `/animal` is the robin.\n";
            text += &match &wanted.pointer {
                Some(pointer) => format!("pointer = {}\n\n", quoted(pointer)),
                None => "# pointer = \"/animal\"\n\n".to_owned(),
            };
        }
    }
    if let Some(address) = &wanted.email {
        text += &mail(address);
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// `[platform]` and `[hook]`, with the secrets as `secret` writes them.
pub(super) fn platform(wanted: &Wanted, secret: &dyn Fn(&At) -> String) -> String {
    let mut text =
        "# Made by `crowdhook init`. A change is live within a second; `crowdhook check` says what is wrong with it.\n\n".to_owned();
    let kind = match wanted.platform {
        Platform::Pybossa => "pybossa",
        Platform::Appen => "appen",
    };
    text += &format!("[platform]\nkind = \"{kind}\"\n");
    if let Some(url) = &wanted.url {
        writeln!(text, "url = {}", quoted(url)).ok();
    }
    let key = match wanted.platform {
        Platform::Pybossa => "# Of an owner of the project: it stands on the profile page there.",
        Platform::Appen => "# It stands on the account's page there, under API.",
    };
    writeln!(text, "project = {}\n{key}\napi_key = {}", quoted(&wanted.project), secret(&wanted.api_key)).ok();
    if let Some(token) = &wanted.signing_token {
        writeln!(text, "# The account's secret webhook token: it signs what Appen posts.\nsigning_token = {}", secret(token)).ok();
    }
    let hook = format!("# Made at random; the address to call holds it: `crowdhook hook show {} --reveal`.", wanted.name);
    text + &format!("\n[hook]\n{hook}\ntoken = {}\n", secret(&wanted.hook_token))
}

/// A mail for each result, into a folder until somebody names a server.
fn mail(address: &str) -> String {
    let address = quoted(address);
    format!(
        "[connections.mail]\nkind = \"smtp\"\n# Mails are kept in this folder. To send them, write `host`, `user` and `password` in its place.\n\
         folder = \"../{MAIL_FOLDER}\"\n# host = \"mail.example.org\"\n# user = \"birds\"\n# password = {{ file = \"../secrets/mail-password\" }}\n\
         from = {address}\n\n[plugins.mail]\ncomponent = \"email\"\nallow = [\"email\"]\nrecipients = [{address}]\n\n\
         [plugins.mail.settings]\nto = [{address}]\n"
    )
}

/// A secret as a project's file names it.
fn secret(at: &At, dir: &Path) -> String {
    match at {
        At::Env(name) => format!("{{ env = {} }}", quoted(name)),
        At::File(file) => format!("{{ file = {} }}", quoted(&from_projects(file, dir).display().to_string())),
    }
}

/// The path of `file` from the folder of projects below `dir` on, where it lies in `dir`; else its whole path.
fn from_projects(file: &Path, dir: &Path) -> PathBuf {
    let (Ok(file), Ok(dir)) = (std::path::absolute(file), std::path::absolute(dir)) else { return file.to_owned() };
    file.strip_prefix(&dir).map_or_else(|_| file.clone(), |below| Path::new("..").join(below))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
