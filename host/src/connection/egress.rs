//! Where the host may connect. The only place that decides it.
//!
//! Addresses are written by the operator, so private and loopback ones are fine. Refused are those that no operator means and
//! that give away a cloud machine's credentials when a name is made to point there: metadata services and link-local
//! addresses, in every spelling. The check is made on the resolved address that is then connected to, so a name that
//! changes between check and use gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// No name leads to more addresses that we would try.
const ADDRESSES_MAX: usize = 16;

/// Says whether the host may connect to `address`.
///
/// # Errors
///
/// What kind of address it is, when it may not.
pub fn check(address: IpAddr) -> Result<(), &'static str> {
    match address {
        IpAddr::V4(address) => check_v4(address),
        IpAddr::V6(address) => check_v6(address),
    }
}

/// Says whether the host may connect to `base`, as far as its text shows it: a name is checked again when it is resolved.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_base(base: &Url) -> Result<(), &'static str> {
    if !matches!(base.scheme(), "http" | "https") {
        return Err("neither http nor https");
    }
    match base.host() {
        Some(Host::Ipv4(address)) => check_v4(address),
        Some(Host::Ipv6(address)) => check_v6(address),
        Some(Host::Domain(_)) => Ok(()),
        None => Err("without a host"),
    }
}

fn check_v4(address: Ipv4Addr) -> Result<(), &'static str> {
    match address.octets() {
        [169, 254, ..] => Err("a link-local address, where clouds keep their metadata"),
        // Alibaba, Azure and Oracle.
        [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192] => Err("a cloud's metadata service"),
        [0, ..] => Err("an address of no machine"),
        [224..=255, ..] => Err("an address of many machines or of none"),
        _ => Ok(()),
    }
}

fn check_v6(address: Ipv6Addr) -> Result<(), &'static str> {
    let [a, b, .., g, h] = address.segments();
    let last_v4 = Ipv4Addr::from_bits((u32::from(g) << 16) | u32::from(h));
    if address.is_loopback() {
        return Ok(());
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0, 0, 0, 0, 0, 0, ..] => check_v4(last_v4),
        // Translated to the IPv4 address within it: NAT64, its local form, and 6to4.
        [0x64, 0xff9b, ..] => check_v4(last_v4),
        [0x2002, b, c, ..] => check_v4(Ipv4Addr::from_bits((u32::from(b) << 16) | u32::from(c))),
        [0xfe80..=0xfebf, ..] => Err("a link-local address"),
        [0xff00..=0xffff, ..] => Err("an address of many machines"),
        // Amazon and Google.
        _ if (a, b) == (0xfd00, 0x0ec2) || (a, b) == (0xfd20, 0x00ce) => Err("a cloud's metadata service"),
        _ => Ok(()),
    }
}

/// Resolves names as the system does and leaves out where the host may not connect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resolver;

/// A name leads only to where the host may not connect. Does not show the name, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its name leads to {what}, where this host does not connect")]
pub struct Forbidden {
    /// What kind of address it is.
    pub what: &'static str,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        Box::pin(async move {
            // The port is set by the caller.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = admit(found.take(ADDRESSES_MAX))?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Those of the addresses that a name leads to where the host may connect.
pub(super) fn admit(found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Forbidden> {
    let mut allowed = Vec::new();
    let mut refused = None;
    for address in found {
        match check(address.ip()) {
            Ok(()) => allowed.push(address),
            Err(what) => refused = Some(what),
        }
    }
    match (allowed.is_empty(), refused) {
        (true, Some(what)) => Err(Forbidden { what }),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests;
