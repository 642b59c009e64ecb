//! What people see of badges: a page, and a picture for those that have none. Pure. Titles are written by a plugin, so
//! everything is escaped.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::open;
use crate::config::BadgePages;
use crate::store::KeptBadge;

/// Letters that fit into the picture.
const LETTERS_MAX: usize = 2;
/// The picture's colour is one of these, by the title.
const COLOURS: [&str; 6] = ["#2f6f4f", "#7a4b1e", "#3b5b92", "#8a3d5c", "#5b5b2e", "#4b3f8f"];

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
 ul{list-style:none;padding:0}li{display:flex;gap:1rem;align-items:center;margin:1rem 0}img{width:4rem;height:4rem}\
 h2{font-size:1.1rem;margin:0}p{margin:0}small{opacity:.75}";

/// All badges of a project, each kind with how many have it and the awards as links.
pub(super) fn list(pages: &BadgePages, address: &str, newest_first: &[KeptBadge]) -> String {
    let mut kinds: BTreeMap<&str, Vec<&KeptBadge>> = BTreeMap::new();
    for kept in newest_first.iter().filter(|kept| kept.revoked.is_none()) {
        kinds.entry(&kept.badge.id).or_default().push(kept);
    }
    let mut items = String::new();
    for awards in kinds.values() {
        let Some(newest) = awards.first() else { continue };
        let links: Vec<String> = awards
            .iter()
            .map(|kept| {
                format!("<a href=\"{}\">{}</a>", escaped(&open::assertion_address(kept, address)), kept.awarded_at.strftime("%Y-%m-%d"))
            })
            .collect();
        // Nothing can fail to be written into a text.
        writeln!(
            items,
            "<li><img src=\"{}\" alt=\"\"><div><h2>{}</h2><p>{}</p><small>awarded {}: {}</small></div></li>",
            escaped(&open::image_address(&newest.badge, address)),
            escaped(&newest.badge.title),
            escaped(&newest.badge.description),
            counted(awards.len()),
            links.join(", ")
        )
        .ok();
    }
    if items.is_empty() {
        items.push_str("<li>None has been awarded yet.</li>\n");
    }
    let title = escaped(&pages.issuer);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Badges of {title}</title><style>{STYLE}</style></head>\n<body><h1>Badges of <a href=\"{}\">{title}</a></h1>\n<ul>\n{items}</ul>\n\
         </body></html>\n",
        escaped(pages.url.as_str())
    )
}

fn counted(times: usize) -> String {
    match times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// A plain picture with the first letters of the title's words.
pub(super) fn image(title: &str) -> String {
    let letters: String =
        title.split_whitespace().filter_map(|word| word.chars().next()).take(LETTERS_MAX).flat_map(char::to_uppercase).collect();
    let sum = title.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let colour = COLOURS.get(sum % COLOURS.len()).copied().unwrap_or_default();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\" role=\"img\" aria-label=\"{}\">\
         <path d=\"M50 3l13 9 16-1 5 15 13 9-5 15 5 15-13 9-5 15-16-1-13 9-13-9-16 1-5-15-13-9 5-15-5-15 13-9 5-15 16 1z\" fill=\"{colour}\"/>\
         <text x=\"50\" y=\"50\" dy=\".35em\" text-anchor=\"middle\" font-family=\"system-ui,sans-serif\" font-size=\"34\" fill=\"#fff\">{}</text></svg>\n",
        escaped(title),
        escaped(&letters)
    )
}

/// Text as it may stand in HTML and SVG, between tags and in attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests;
