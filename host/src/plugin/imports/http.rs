//! `http`: other web services, through the connections that the project names.

use super::super::bindings::crowdhook::plugin::http::{Header, Host, Request, Response};
use super::super::guest::Guest;
use super::Failure;

impl Host for Guest {
    async fn fetch(&mut self, _connection: String, _path: String, _headers: Vec<Header>) -> Result<Response, Failure> {
        Err(self.not_yet("http.fetch").err().unwrap_or_else(|| Failure::NotGranted(String::new())))
    }

    fn send(&mut self, _connection: String, _request: Request, _once: Option<String>) -> Result<(), Failure> {
        self.not_yet("http.send")
    }
}
