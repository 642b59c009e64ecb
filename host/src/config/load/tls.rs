//! The files of `[tls]`: read, and made into a certificate.

use std::path::Path;

use super::{SECRET_BYTES_MAX, is_world_readable, read_capped};
use crate::config::certificate::Wrong;
use crate::config::{Certificate, Named, Problem, Problems, Severity, Tls};
use crate::secret::Secret;

/// What the files of `[tls]` hold, to be compared with what they held before.
#[derive(Clone, Debug, PartialEq)]
pub struct TlsFiles {
    certificate: Secret,
    key: Secret,
}

/// Reads both files.
///
/// # Errors
///
/// When one cannot be read.
pub fn tls_files(tls: &Tls) -> Result<TlsFiles, Problems> {
    let read = |key: &str, named: &Named| {
        read_capped(&named.path, SECRET_BYTES_MAX).map(|text| Secret::new(&text)).map_err(|why| {
            let message = format!("`tls.{key}` wants the file `{}`, which cannot be read: {why}", named.path.display());
            let help = "write where the file is, from this file's folder on, and let the user that Crowdhook runs as read it";
            at(tls, named, message, help)
        })
    };
    Ok(TlsFiles { certificate: read("certificate", &tls.certificate)?, key: read("key", &tls.key)? })
}

impl TlsFiles {
    /// The certificate that they are, and what to warn of.
    ///
    /// # Errors
    ///
    /// When one of them is none of what it should be, or they do not belong together.
    pub fn certificate(&self, tls: &Tls) -> Result<(Certificate, Problems), Problems> {
        let told = |key: &str, named: &Named, wrong: Wrong| {
            at(tls, named, format!("`tls.{key}` wants the file `{}`, which {wrong}", named.path.display()), wrong.help())
        };
        let certificate =
            Certificate::of(self.certificate.reveal(), self.key.reveal()).map_err(|wrong| match wrong.is_of_certificate() {
                true => told("certificate", &tls.certificate, wrong),
                false => told("key", &tls.key, wrong),
            })?;
        Ok((certificate, self.warnings(tls)))
    }

    fn warnings(&self, tls: &Tls) -> Problems {
        let path: &Path = &tls.key.path;
        if !is_world_readable(path) {
            return Problems::default();
        }
        let message = format!("`tls.key` lies in the file `{}`, which everyone on this machine may read", path.display());
        let problem = at(tls, &tls.key, message, &format!("`chmod 600 {}`", path.display()));
        Problem { severity: Severity::Warning, ..problem }.into()
    }
}

fn at(tls: &Tls, named: &Named, message: String, help: &str) -> Problem {
    Problem { line: named.line, ..Problem::of_file(&tls.file, message, Some(help.to_owned())) }
}
