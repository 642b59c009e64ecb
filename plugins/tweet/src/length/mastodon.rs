//! Mastodon's count: signs as people see them, links 23, and of `@user@server` only `@user`.

/// How many bytes of mention a text begins with, and what they count; none where it begins with none of another server.
pub(super) fn mention(text: &str) -> Option<(usize, usize)> {
    let rest = text.strip_prefix('@')?;
    let user = rest.find(|one: char| !(one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '.'))).unwrap_or(rest.len());
    let server = rest.get(user..)?.strip_prefix('@')?;
    let end = server.find(|one: char| !(one.is_alphanumeric() || matches!(one, '-' | '.'))).unwrap_or(server.len());
    let server = server.get(..end)?.trim_end_matches(['-', '.']);
    (user > 0 && !server.is_empty()).then(|| (user + server.len() + 2, user + 1))
}
