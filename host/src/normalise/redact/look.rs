//! Looks for secrets in JSON without making anything of it: most payloads hold none.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Owner;

/// Looks through JSON whose keys somebody chose: true where no secret stands in it.
#[derive(Clone, Copy)]
pub(super) struct Look(pub(super) Owner);

impl<'de> DeserializeSeed<'de> for Look {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look {
    type Value = bool;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut is_clean = true;
        while let Some(within) = map.next_key_seed(LookAtKey(self.0))? {
            match within {
                Some(within) => is_clean &= map.next_value_seed(Look(within))?,
                None => {
                    is_clean = false;
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(is_clean)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut is_clean = true;
        while let Some(item) = items.next_element_seed(self)? {
            is_clean &= item;
        }
        Ok(is_clean)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(true)
    }
}

/// Looks at a key: who chose those within, or none where it is a secret's.
struct LookAtKey(Owner);

impl<'de> DeserializeSeed<'de> for LookAtKey {
    type Value = Option<Owner>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<Owner>, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for LookAtKey {
    type Value = Option<Owner>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<Owner>, E> {
        Ok(self.0.within(key))
    }
}
