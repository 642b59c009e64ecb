//! `email`: through the project's mail connection and from its address.

use super::super::bindings::crowdhook::plugin::email::{Host, Message};
use super::super::guest::Guest;
use super::Failure;

impl Host for Guest {
    fn send(&mut self, _message: Message, _once: Option<String>) -> Result<(), Failure> {
        self.not_yet("email")
    }
}
