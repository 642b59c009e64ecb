//! `[badges]` of a project: whether everybody may see them, and what a badge says of who awards it.

use toml::Spanned;

use super::BadgePages;
use super::host::web_address;
use super::project::Check;
use super::raw;

impl Check<'_, '_> {
    /// None when they are not to be shown, or when something is wrong with the table.
    pub(super) fn badges(&mut self, said: Option<Spanned<raw::Badges>>) -> Option<BadgePages> {
        let said = said?;
        let span = said.span();
        let said = said.into_inner();
        if !said.public.is_some_and(Spanned::into_inner) {
            return None;
        }
        for (key, there, line) in [
            ("issuer", said.issuer.is_some(), "issuer = \"Birds of Madrid\""),
            ("url", said.url.is_some(), "url = \"https://birds.example.org\""),
            ("email", said.email.is_some(), "email = \"birds@example.org\""),
        ] {
            if !there {
                self.document.missing(&format!("badges.{key}"), &span, &format!("write `{line}`: a public badge says who awards it"));
            }
        }
        let url = said.url.and_then(|url| web_address(&mut self.document, "badges.url", &url));
        let email = said.email.map(|email| {
            if !email.get_ref().split_once('@').is_some_and(|(user, domain)| !user.is_empty() && domain.contains('.')) {
                let help = "write an address that people can write to: `email = \"birds@example.org\"`";
                self.document.error(&email.span(), format!("`badges.email`: `{}` is no address", email.get_ref()), Some(help.to_owned()));
            }
            email.into_inner()
        });
        Some(BadgePages { issuer: said.issuer?.into_inner(), url: url?, email: email? })
    }
}
