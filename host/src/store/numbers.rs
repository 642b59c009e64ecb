//! The small numbers that stand for words in rows, the same in every engine. Pure.

use crate::event::{Origin, PlatformKind, Standing};
use crate::store::browse::DeliveryState;

/// The origin of a number.
pub(super) fn origin_of(number: u8) -> Option<Origin> {
    Some(match number {
        0 => Origin::Live,
        1 => Origin::Backfill,
        2 => Origin::Rerun,
        3 => Origin::Replay,
        _ => return None,
    })
}

/// How far a delivery is, by the number of its ending; 0 for none.
pub(super) fn delivery_state(ending: u8) -> DeliveryState {
    match ending {
        0 => DeliveryState::Waiting,
        1 => DeliveryState::Delivered,
        2 => DeliveryState::Dead,
        _ => DeliveryState::Superseded,
    }
}

/// Whether what comes of such events lets that of others go before: somebody waits for what happens now, and nobody for a backfill of years.
pub(super) fn yields(origin: Origin) -> bool {
    origin != Origin::Live
}

/// The number of an origin.
pub(super) fn origin_number(origin: Origin) -> u8 {
    match origin {
        Origin::Live => 0,
        Origin::Backfill => 1,
        Origin::Rerun => 2,
        Origin::Replay => 3,
    }
}

pub(super) fn standing_of(number: u8) -> Option<Standing> {
    Some(match number {
        0 => Standing::Accepted,
        1 => Standing::Ignored,
        2 => Standing::Unreadable,
        3 => Standing::Superseded,
        4 => Standing::Unconfirmed,
        _ => return None,
    })
}

/// The number of a standing.
pub(super) fn standing_number(standing: Standing) -> u8 {
    match standing {
        Standing::Accepted => 0,
        Standing::Ignored => 1,
        Standing::Unreadable => 2,
        Standing::Superseded => 3,
        Standing::Unconfirmed => 4,
    }
}

pub(super) fn platform_of(number: u8) -> Option<PlatformKind> {
    match number {
        0 => Some(PlatformKind::Pybossa),
        1 => Some(PlatformKind::Appen),
        2 => Some(PlatformKind::Generic),
        _ => None,
    }
}

/// The number of a platform.
pub(super) fn platform_number(platform: PlatformKind) -> u8 {
    match platform {
        PlatformKind::Pybossa => 0,
        PlatformKind::Appen => 1,
        PlatformKind::Generic => 2,
    }
}

/// The word for an effect, as it stands in its row: what else it holds may be long, and is not made anything of.
pub(super) fn effect_name(json: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Named {
        effect: String,
    }
    serde_json::from_str(json).map_or_else(|_| String::new(), |Named { effect }| effect)
}
