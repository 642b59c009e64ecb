//! The files as people write them. Every key may be missing, so that a file's other problems are seen although one
//! key is wrong; `config/host` and `config/project` say what must be there.
//!
//! A plugin's `settings` may hold anything: `config/settings` takes them out before.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use toml::Spanned;

/// A value and where it stands.
pub(super) type Key<T> = Option<Spanned<T>>;

/// `crowdhook.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Host {
    pub(super) listen: Key<String>,
    pub(super) admin: Key<String>,
    pub(super) public_url: Key<String>,
    pub(super) data: Key<String>,
    pub(super) store: Key<AddressAt>,
    pub(super) name: Key<String>,
    pub(super) plugins: Key<String>,
    pub(super) projects: Key<String>,
    pub(super) reconcile_minutes: Key<Whole>,
    pub(super) tls: Tls,
    pub(super) limits: Limits,
    pub(super) keep: Keep,
}

/// `[tls]` of the host.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) certificate: Key<String>,
    pub(super) key: Key<String>,
}

/// `[keep]` of the host.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Keep {
    pub(super) bodies_days: Key<Whole>,
    pub(super) details_days: Key<Whole>,
    pub(super) events_days: Key<Whole>,
}

/// `[limits]` of the host.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) connections_max: Key<Whole>,
    pub(super) body_mib_max: Key<Whole>,
    pub(super) header_timeout_ms: Key<Whole>,
    pub(super) handshake_timeout_ms: Key<Whole>,
    pub(super) body_timeout_ms: Key<Whole>,
    pub(super) idle_timeout_ms: Key<Whole>,
    pub(super) waiting_max: Key<Whole>,
    pub(super) sandboxes_max: Key<Whole>,
    pub(super) guest_threads: Key<Whole>,
    pub(super) per_plugin_max: Key<Whole>,
    pub(super) lease_s: Key<Whole>,
    pub(super) drain_s: Key<Whole>,
    pub(super) attempts_max: Key<Whole>,
    pub(super) traps_max: Key<Whole>,
    pub(super) quarantine_after: Key<Whole>,
    pub(super) delivery_attempts_max: Key<Whole>,
    pub(super) retry_wait_ms: Key<Whole>,
    pub(super) park_wait_ms: Key<Whole>,
    pub(super) delivery_wait_ms: Key<Whole>,
    pub(super) confirm_within_s: Key<Whole>,
    pub(super) guest: Guest,
}

/// `[limits.guest]` of the host, `[plugins.<name>.limits]` of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Guest {
    pub(super) cpu_ms: Key<Whole>,
    pub(super) wall_ms: Key<Whole>,
    pub(super) memory_mib: Key<Whole>,
    pub(super) effects_max: Key<Whole>,
    pub(super) effects_kib_max: Key<Whole>,
    pub(super) log_lines_max: Key<Whole>,
    pub(super) log_kib_max: Key<Whole>,
}

/// `projects/<name>.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Project {
    pub(super) run_all: Key<bool>,
    pub(super) results_by_several: Key<bool>,
    pub(super) platform: Option<Spanned<Platform>>,
    pub(super) generic: Option<Spanned<Generic>>,
    pub(super) hook: Option<Spanned<Hook>>,
    pub(super) badges: Option<Spanned<Badges>>,
    pub(super) folders: BTreeMap<Spanned<String>, Spanned<String>>,
    pub(super) connections: BTreeMap<Spanned<String>, Connection>,
    pub(super) plugins: BTreeMap<Spanned<String>, Plugin>,
}

/// `[badges]` of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Badges {
    pub(super) public: Key<bool>,
    pub(super) issuer: Key<String>,
    pub(super) url: Key<String>,
    pub(super) email: Key<String>,
}

/// `[platform]` of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Platform {
    pub(super) kind: Key<String>,
    pub(super) url: Key<String>,
    pub(super) project: Key<Label>,
    pub(super) api_key: Key<SecretAt>,
    pub(super) signing_token: Key<SecretAt>,
    pub(super) signing_tokens: Key<Vec<Spanned<SecretAt>>>,
}

/// `[generic]` of a project: JSON Pointers, but for the kinds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Generic {
    pub(super) events: Key<String>,
    pub(super) kind: Key<String>,
    pub(super) kinds: Option<Spanned<BTreeMap<Spanned<String>, Spanned<String>>>>,
    pub(super) project: Key<String>,
    pub(super) task: Key<String>,
    pub(super) dedup_key: Key<String>,
    pub(super) dedup_keys: Key<Vec<Spanned<String>>>,
    pub(super) time: Key<String>,
    pub(super) task_info: Key<String>,
    pub(super) answers: Key<String>,
    pub(super) answer: Option<Spanned<AnswerAt>>,
}

/// `[generic.answer]` of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AnswerAt {
    pub(super) id: Key<String>,
    pub(super) worker: Key<String>,
    pub(super) value: Key<String>,
    pub(super) trust: Key<String>,
    pub(super) time: Key<String>,
    pub(super) set_aside: Key<String>,
}

/// `[hook]` of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Hook {
    pub(super) token: Key<SecretAt>,
    pub(super) tokens: Key<Vec<Spanned<SecretAt>>>,
    pub(super) basic: Option<Spanned<Basic>>,
    pub(super) header: Option<Spanned<HeaderToken>>,
    pub(super) hmac: Option<Spanned<Hmac>>,
    pub(super) standard_webhooks: Option<Spanned<StandardWebhooks>>,
}

/// `hook.header` of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HeaderToken {
    pub(super) name: Key<String>,
    pub(super) value: Key<SecretAt>,
    pub(super) values: Key<Vec<Spanned<SecretAt>>>,
}

/// `hook.hmac` of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Hmac {
    pub(super) header: Key<String>,
    pub(super) hash: Key<String>,
    pub(super) prefix: Key<String>,
    pub(super) encoding: Key<String>,
    pub(super) secret: Key<SecretAt>,
    pub(super) secrets: Key<Vec<Spanned<SecretAt>>>,
}

/// `hook.standard_webhooks` of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StandardWebhooks {
    pub(super) secret: Key<SecretAt>,
    pub(super) secrets: Key<Vec<Spanned<SecretAt>>>,
    pub(super) window_s: Key<Whole>,
}

/// `hook.basic` of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Basic {
    pub(super) user: Key<String>,
    pub(super) password: Key<SecretAt>,
    pub(super) passwords: Key<Vec<Spanned<SecretAt>>>,
}

/// `[connections.<name>]` of a project: the keys of every kind. `config/connections` says which belong to which.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Connection {
    pub(super) kind: Key<String>,
    pub(super) url: Key<AddressAt>,
    pub(super) auth: Option<Spanned<Auth>>,
    pub(super) calls: Key<Whole>,
    pub(super) per_s: Key<Whole>,
    pub(super) at_once: Key<Whole>,
    pub(super) host: Key<String>,
    pub(super) port: Key<Whole>,
    pub(super) security: Key<String>,
    pub(super) user: Key<String>,
    pub(super) password: Key<SecretAt>,
    pub(super) from: Key<String>,
    pub(super) ca_file: Key<String>,
    pub(super) folder: Key<String>,
    pub(super) timeout_ms: Key<Whole>,
    pub(super) max_age_h: Key<Whole>,
}

/// `auth` of a connection: the keys of every kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Auth {
    pub(super) kind: Key<String>,
    pub(super) token: Key<SecretAt>,
    pub(super) user: Key<String>,
    pub(super) password: Key<SecretAt>,
    pub(super) name: Key<String>,
    pub(super) value: Key<SecretAt>,
    pub(super) consumer_key: Key<SecretAt>,
    pub(super) consumer_secret: Key<SecretAt>,
    pub(super) token_secret: Key<SecretAt>,
    pub(super) token_url: Key<String>,
    pub(super) client_id: Key<SecretAt>,
    pub(super) client_secret: Key<SecretAt>,
    pub(super) refresh_token: Key<SecretAt>,
}

/// `[plugins.<name>]` of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Plugin {
    pub(super) component: Key<String>,
    pub(super) allow: Vec<Spanned<String>>,
    pub(super) connections: Vec<Spanned<String>>,
    pub(super) folders: Vec<Spanned<String>>,
    pub(super) projects: Vec<Spanned<String>>,
    pub(super) recipients: Key<Vec<Spanned<String>>>,
    pub(super) on: Key<Vec<Spanned<String>>>,
    pub(super) from: Key<Vec<Spanned<String>>>,
    pub(super) limits: Guest,
    /// Taken out before; here so that the name is known.
    #[serde(rename = "settings")]
    pub(super) _settings: de::IgnoredAny,
}

/// A whole number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole(pub(super) i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WholeVisitor;
        impl Visitor<'_> for WholeVisitor {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }
        }
        deserializer.deserialize_i64(WholeVisitor)
    }
}

/// A text; a whole number is taken for its digits, since the ids of some platforms are numbers.
#[derive(Clone, Debug)]
pub(super) struct Label(pub(super) String);

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LabelVisitor;
        impl Visitor<'_> for LabelVisitor {
            type Value = Label;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Label, E> {
                Ok(Label(text.to_owned()))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Label, E> {
                Ok(Label(number.to_string()))
            }
        }
        deserializer.deserialize_any(LabelVisitor)
    }
}

/// Where a secret is to be found. A secret never stands in the file itself.
#[derive(Debug)]
pub(super) enum SecretAt {
    /// `{ env = "NAME" }` or `{ file = "path" }`, if the person wrote exactly one of them.
    Table(SecretTable),
    /// A plain text: refused later, by a message that does not show it.
    Plain,
}

/// `{ env = "NAME" }` or `{ file = "path" }`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SecretTable {
    pub(super) env: Option<String>,
    pub(super) file: Option<String>,
}

impl<'de> Deserialize<'de> for SecretAt {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SecretVisitor;
        impl<'de> Visitor<'de> for SecretVisitor {
            type Value = SecretAt;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`{ env = \"NAME\" }` or `{ file = \"path\" }`")
            }
            fn visit_str<E: de::Error>(self, _secret: &str) -> Result<SecretAt, E> {
                Ok(SecretAt::Plain)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretAt, A::Error> {
                SecretTable::deserialize(MapAccessDeserializer::new(map)).map(SecretAt::Table)
            }
        }
        deserializer.deserialize_any(SecretVisitor)
    }
}

/// An address: as text, or where it is to be found when it is a secret itself, as those of incoming hooks are.
#[derive(Debug)]
pub(super) enum AddressAt {
    /// The address.
    Text(String),
    /// Where it is.
    Secret(SecretTable),
}

impl<'de> Deserialize<'de> for AddressAt {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AddressVisitor;
        impl<'de> Visitor<'de> for AddressVisitor {
            type Value = AddressAt;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in quotes, `{ env = \"NAME\" }` or `{ file = \"path\" }`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<AddressAt, E> {
                Ok(AddressAt::Text(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AddressAt, A::Error> {
                SecretTable::deserialize(MapAccessDeserializer::new(map)).map(AddressAt::Secret)
            }
        }
        deserializer.deserialize_any(AddressVisitor)
    }
}
