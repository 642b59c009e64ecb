//! Whether the time that a refusal takes tells how much of a secret was right: `cargo xtask soak timing`. By hand, on a machine that
//! does nothing else; never part of the checks.
//!
//! Two guesses that differ from the secret in one byte each, the first or the last, are refused in turns that a random number
//! decides. Welch's t of the two times stays below 4.5, as is usual for such measurements, when nobody can tell them apart. The same is done
//! with a planted `==`, which must show: else the measurement is blind.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that meets the unexpected is to end there")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use crowdhook::clock::Timestamp;
use crowdhook::config::{Encoding, Hash, Hmac, Hook, Platform, Project};
use crowdhook::event::PlatformKind;
use crowdhook::secret::Secret;
use crowdhook::verify::{self, Unverified};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Samples of both guesses together.
const SAMPLES: usize = 100_000;
/// A difference is seen beyond it.
const T_MAX: f64 = 4.5;
/// The slowest tenth of the samples was disturbed by something else.
const KEPT: f64 = 0.9;
/// As long as a hook's token may be.
const TOKEN: &str = "0123456789abcdefghijklmnopqrstuvwxyz-_.~ABCDEFGHIJ0123456789abcdefghijklmnopqrstuvwxyz-_.~ABCDEFGHIJ\
                     0123456789abcdefghijklmnopqrstuvwxyz-_.~ABCDEFGHIJ0123456789abcdefghijklmnopqrstuvwxyz-_.~ABCDEFGHIJ";

/// Mean and variance of times in nanoseconds, and how many there are.
struct Sample {
    mean: f64,
    variance: f64,
    count: f64,
}

#[expect(clippy::cast_precision_loss, reason = "a hundred thousand samples")]
fn sample(times: impl Iterator<Item = f64> + Clone) -> Sample {
    let count = times.clone().count() as f64;
    let mean = times.clone().sum::<f64>() / count;
    let variance = times.map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
    Sample { mean, variance, count }
}

fn welch(one: &Sample, other: &Sample) -> f64 {
    (one.mean - other.mean) / (one.variance / one.count + other.variance / other.count).sqrt()
}

/// Times `refuse` on both guesses, so many calls a sample, and gives t. Both pass through one buffer, so that where they lie in memory
/// makes no difference.
fn measure(what: &str, calls: usize, guesses: [&[u8]; 2], mut refuse: impl FnMut(&[u8])) -> f64 {
    let mut times: Vec<(bool, f64)> = Vec::with_capacity(SAMPLES);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut guess = guesses[0].to_vec();
    for _ in 0..SAMPLES {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let last = random >> 63 == 1;
        guess.copy_from_slice(guesses[usize::from(last)]);
        refuse(black_box(&guess));
        let begun = Instant::now();
        for _ in 0..calls {
            refuse(black_box(&guess));
        }
        times.push((last, begun.elapsed().as_secs_f64() * 1e9));
    }
    let mut sorted: Vec<f64> = times.iter().map(|(_, time)| *time).collect();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the samples")]
    let limit = sorted[(sorted.len() as f64 * KEPT) as usize];
    let of = |wanted: bool| sample(times.iter().filter(move |(last, time)| *last == wanted && *time <= limit).map(|(_, time)| *time));
    let (first, last) = (of(false), of(true));
    let t = welch(&first, &last);
    eprintln!("{what:<24} first byte wrong {:>10.1} ns, last byte wrong {:>10.1} ns, t = {t:>8.2}", first.mean, last.mean);
    t
}

/// `secret` with another first byte, and with another last one.
fn guesses(secret: &[u8], other: u8) -> [Vec<u8>; 2] {
    let (mut first, mut last) = (secret.to_vec(), secret.to_vec());
    first[0] = other;
    last[secret.len() - 1] = other;
    [first, last]
}

fn project() -> Project {
    let hmac = Hmac {
        header: HeaderName::from_static("x-signature"),
        hash: Hash::Sha512,
        prefix: String::new(),
        encoding: Encoding::Hex,
        secrets: vec![Secret::new("a secret")],
    };
    let url = "https://example.org".parse().unwrap();
    Project {
        name: "birds".parse().unwrap(),
        file: "projects/birds.toml".into(),
        platform: Platform {
            kind: PlatformKind::Pybossa,
            url,
            project: "birds".to_owned(),
            api_key: None,
            signing_tokens: Vec::new(),
            generic: None,
        },
        hook: Hook { tokens: vec![Secret::new(TOKEN)], hmac: Some(hmac), ..Hook::default() },
        plugins: Vec::new(),
        run_all: false,
        connections: Vec::new(),
        folders: Vec::new(),
        badges: None,
    }
}

/// Of the body `{}` under the key `a secret`.
const SIGNATURE: &str =
    "14327836e3fc747e846e9c31ef5a003ba8a14f794517383cdf002d0da1bc15586cd5faa8ce571ae7eb011b4f6b1697eb419d88fe8859dd3dc4683076a67780ca";

fn main() -> ExitCode {
    let project = project();
    let token = |guess: &[u8]| {
        let guess = std::str::from_utf8(guess).unwrap();
        assert!(verify::caller(Some(&project.hook), Some(guess), &HeaderMap::new()).is_err());
    };
    let signed = |signature: &[u8]| {
        let headers: HeaderMap =
            [(HeaderName::from_static("x-signature"), HeaderValue::from_bytes(signature).unwrap())].into_iter().collect();
        let admitted = verify::caller(Some(&project.hook), Some(TOKEN), &headers).unwrap();
        let body = bytes::Bytes::from_static(b"{}");
        verify::request(&project, admitted, Unverified { query: None, headers, body, received_at: Timestamp::UNIX_EPOCH })
    };
    assert!(signed(SIGNATURE.as_bytes()).is_ok(), "it is not the right one that is nearly guessed");

    let [first, last] = guesses(TOKEN.as_bytes(), b'!');
    let of_token = measure("token of the hook", 4, [&first, &last], token);
    let [first, last] = guesses(SIGNATURE.as_bytes(), b'0');
    let of_hmac = measure("HMAC of the body", 2, [&first, &last], |guess| assert!(signed(guess).is_err()));
    let [first, last] = guesses(TOKEN.as_bytes(), b'!');
    let planted = measure("a planted `==`", 500, [&first, &last], |guess| {
        black_box(guess == black_box(TOKEN.as_bytes()));
    });
    let quiet = [of_token, of_hmac].iter().all(|t| t.abs() < T_MAX);
    match (quiet, planted.abs() > T_MAX) {
        (true, true) => ExitCode::SUCCESS,
        (false, _) => {
            eprintln!("the time tells how much was right; measure again on a machine that does nothing else, then look for the comparison");
            ExitCode::FAILURE
        }
        (true, false) => {
            eprintln!("the planted `==` does not show: this machine is too busy to measure on");
            ExitCode::FAILURE
        }
    }
}
