//! Secrets that are marked, so that they are found again wherever they went, in whatever writing.

use std::sync::Mutex;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};
use crowdhook::secret::Secret;

/// How each mark begins: a mark that was cut off shows by it.
const BEGINNING: &str = "s3cr3t-";
/// Random bytes in a mark.
const RANDOM_BYTES: usize = 8;

/// Secrets that were made, and others that are to be looked for as well.
#[derive(Default)]
pub struct Marks(Mutex<Vec<(String, Vec<Needle>)>>);

/// One writing of a secret.
enum Needle {
    /// As it is.
    Exact(String),
    /// In upper case, in lower case, or mixed. It is in lower case here.
    AnyCase(String),
}

impl Marks {
    /// None but what begins as marks do.
    pub fn new() -> Self {
        let marks = Self::default();
        marks.know("a mark, whichever it is", BEGINNING);
        marks
    }

    /// A secret of letters, digits and hyphens that names what it is.
    pub fn make(&self, what: &str) -> String {
        let random = Secret::random(RANDOM_BYTES).unwrap();
        let mark = format!("{BEGINNING}{what}-{}", random.reveal());
        // What is left when the beginning was cut off.
        self.know(what, random.reveal());
        self.know(what, &mark);
        mark
    }

    /// Has a text looked for from now on.
    pub fn know(&self, what: &str, text: &str) {
        self.0.lock().unwrap().push((what.to_owned(), writings(text)));
    }

    /// What is found in `text`, each with the words around it.
    pub fn found_in(&self, text: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(text);
        let lower = text.to_ascii_lowercase();
        let known = self.0.lock().unwrap();
        let found = known.iter().filter_map(|(what, needles)| {
            let at = needles.iter().find_map(|needle| match needle {
                Needle::Exact(needle) => text.find(needle),
                Needle::AnyCase(needle) => lower.find(needle),
            })?;
            let around = &text.as_bytes()[at.saturating_sub(100)..text.len().min(at + 120)];
            Some(format!("{what}: …{}…", String::from_utf8_lossy(around)))
        });
        found.collect()
    }
}

/// `text` as it is, as hexadecimal digits, and in base64 wherever in it another text begins. Percent-encoding, JSON and HTML leave letters,
/// digits and hyphens as they are.
fn writings(text: &str) -> Vec<Needle> {
    let lower = text.to_ascii_lowercase();
    let mut needles = vec![Needle::AnyCase(lower), Needle::AnyCase(text.bytes().map(|byte| format!("{byte:02x}")).collect())];
    for alphabet in [&alphabet::STANDARD, &alphabet::URL_SAFE] {
        let engine = GeneralPurpose::new(alphabet, NO_PAD);
        for before in 0..3 {
            let shifted = [vec![b' '; before], text.as_bytes().to_vec()].concat();
            // The first and the last digits depend on what stands around.
            let whole = shifted.len() / 3 * 4;
            needles.push(Needle::Exact(engine.encode(&shifted)[(before * 4).div_ceil(3)..whole].to_owned()));
        }
    }
    needles
}

#[test]
fn a_mark_is_found_in_each_writing_and_cut_off_on_either_side() {
    let marks = Marks::new();
    let mark = marks.make("key");
    let engine = base64::engine::general_purpose::STANDARD;
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02X}")).collect::<String>();
    let (first, last) = mark.split_at(mark.len() - 18);
    for written in [
        format!("key={mark}&a=b"),
        mark.to_uppercase(),
        hex(&mark),
        first.to_owned(),
        last.to_owned(),
        engine.encode(format!("user:{mark}")),
        engine.encode(format!("u:{mark}…")),
        url_safe.encode(format!("us:{mark}")),
        format!("{:?}", serde_json::json!({ "password": format!("\"{mark}\"") }).to_string()),
    ] {
        assert!(!marks.found_in(written.as_bytes()).is_empty(), "{written}");
    }
    assert_eq!(marks.found_in(b"a secret, s3cret and c2VjcmV0"), Vec::<String>::new());
}
