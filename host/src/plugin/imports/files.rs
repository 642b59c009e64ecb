//! `files`: in the folders that the project names.

use super::super::bindings::crowdhook::plugin::files::Host;
use super::super::guest::Guest;
use super::Failure;

impl Host for Guest {
    fn write(&mut self, _folder: String, _path: String, _content: Vec<u8>) -> Result<(), Failure> {
        self.not_yet("files")
    }

    fn append(&mut self, _f: String, _path: String, _text: String, _header: Option<String>, _once: Option<String>) -> Result<(), Failure> {
        self.not_yet("files")
    }
}
