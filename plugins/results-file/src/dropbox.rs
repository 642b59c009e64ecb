//! Uploads through the Dropbox API: `POST /2/files/upload` at `https://content.dropboxapi.com`.

use std::fmt::Write as _;

use serde_json::json;

/// Where files are uploaded to, below the connection's address.
pub const UPLOAD: &str = "/2/files/upload";

/// Bytes of a file at most: the host's limit of what is sent.
pub const BYTES_MAX: usize = 1 << 20;

/// What the header `Dropbox-API-Arg` says of an upload to `path`: in the place of what is there, and without a notice to the user.
#[must_use]
pub fn arg(path: &str) -> String {
    let arg = json!({ "path": format!("/{path}"), "mode": "overwrite", "autorename": false, "mute": true });
    header_safe(&arg.to_string())
}

/// JSON text with `\uXXXX` for what no header may hold: all that is not visible ASCII.
fn header_safe(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for one in json.chars() {
        if one == ' ' || one.is_ascii_graphic() {
            safe.push(one);
            continue;
        }
        for unit in one.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let written = write!(safe, "\\u{unit:04x}");
            debug_assert!(written.is_ok());
        }
    }
    safe
}

#[cfg(test)]
mod tests;
