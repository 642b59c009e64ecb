use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// No input grows beyond this.
const BYTES_MAX: usize = 256 << 10;

/// One change to an input.
#[derive(Clone, Debug)]
enum Edit {
    /// Other bytes in the place of those there.
    Over(Index, Vec<u8>),
    Put(Index, Vec<u8>),
    /// A word that means something there.
    Word(Index, Index),
    Cut(Index, usize),
    Flip(Index, u32),
    /// A stretch, so many times more.
    Repeat(Index, usize, usize),
    /// The end of another input.
    Splice(Index, Index, Index),
}

/// The seeds as they are, and with a few changes each.
pub fn mutated(seeds: Vec<Vec<u8>>, words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let bytes = || vec(any::<u8>(), 1..6);
    let edit = prop_oneof![
        (any::<Index>(), bytes()).prop_map(|(at, bytes)| Edit::Over(at, bytes)),
        (any::<Index>(), bytes()).prop_map(|(at, bytes)| Edit::Put(at, bytes)),
        (any::<Index>(), any::<Index>()).prop_map(|(at, word)| Edit::Word(at, word)),
        (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Edit::Cut(at, length)),
        (any::<Index>(), any::<Index>()).prop_map(|(at, to)| Edit::Cut(at, to.index(4096) + 1)),
        (any::<Index>(), 0..8_u32).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        (any::<Index>(), 1..30_usize, 1..300_usize).prop_map(|(at, length, times)| Edit::Repeat(at, length, times)),
        (any::<Index>(), any::<Index>(), any::<Index>()).prop_map(|(at, other, from)| Edit::Splice(at, other, from)),
    ];
    (any::<Index>(), vec(edit, 0..6)).prop_map(move |(seed, edits)| {
        let mut input = seed.get(&seeds).clone();
        for edit in edits {
            apply(&mut input, edit, &seeds, words);
            input.truncate(BYTES_MAX);
        }
        input
    })
}

fn apply(input: &mut Vec<u8>, edit: Edit, seeds: &[Vec<u8>], words: &[&str]) {
    let length = input.len();
    let place = |at: Index| at.index(length + 1);
    match edit {
        Edit::Over(at, bytes) => {
            let at = place(at);
            input.splice(at..(at + bytes.len()).min(length), bytes);
        }
        Edit::Put(at, bytes) => drop(input.splice(place(at)..place(at), bytes)),
        Edit::Word(at, word) => drop(input.splice(place(at)..place(at), word.get(words).bytes())),
        Edit::Cut(at, count) => drop(input.drain(place(at)..(place(at) + count).min(length))),
        Edit::Flip(at, bit) if length > 0 => *at.get_mut(input) ^= 1 << bit,
        Edit::Flip(..) => {}
        Edit::Repeat(at, count, times) => {
            let at = place(at);
            let stretch = input[at..(at + count).min(length)].repeat(times);
            input.splice(at..at, stretch);
        }
        Edit::Splice(at, other, from) => {
            let other = other.get(seeds);
            input.truncate(place(at));
            input.extend(&other[from.index(other.len() + 1)..]);
        }
    }
}
