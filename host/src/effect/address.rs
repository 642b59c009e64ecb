//! E-mail addresses, as plugins and project files may name them.

/// What stands before the `@` is no longer (RFC 5321).
const LOCAL_BYTES_MAX: usize = 64;
/// An address is no longer (RFC 5321, less the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;

/// Whether `text` is a plain address, `ann@example.org`: no name beside it, no quotes, no comment, no address of a machine, and
/// nothing beyond ASCII (a domain of other letters has an `xn--` form).
#[must_use]
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte));
    text.len() <= ADDRESS_BYTES_MAX && local.len() <= LOCAL_BYTES_MAX && local.split('.').all(is_atom) && is_domain(domain)
}

/// Whether `text` is the name of a machine or domain, in ASCII: `mail.example.org`, `localhost`.
#[must_use]
pub fn is_domain(text: &str) -> bool {
    let is_label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= ADDRESS_BYTES_MAX && text.split('.').all(is_label) && !text.rsplit('.').next().is_some_and(is_number)
}

#[cfg(test)]
mod tests;
