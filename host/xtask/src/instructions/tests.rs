use super::*;

fn counts(compiler: &str, accept: i64) -> Counts {
    Counts {
        compiler: compiler.to_owned(),
        valgrind: "valgrind-3.19.0".to_owned(),
        processor: "x86_64 avx2".to_owned(),
        instructions: [("accept".to_owned(), accept)].into(),
    }
}

#[test]
fn a_count_may_grow_by_a_tenth() {
    let recorded = counts("rustc 1", 100_000);
    assert!(compare(&recorded, &counts("rustc 1", 110_000)));
    assert!(!compare(&recorded, &counts("rustc 1", 110_200)));
    assert!(compare(&recorded, &counts("rustc 1", 50_000)));
}

#[test]
fn counts_of_another_compiler_are_not_compared() {
    assert!(compare(&counts("rustc 1", 100_000), &counts("rustc 2", 900_000)));
}

#[test]
fn what_is_recorded_can_be_read() {
    let text = fs::read_to_string(root().join(RECORDED)).unwrap();
    let recorded: Counts = serde_json::from_str(&text).unwrap();
    assert_eq!(recorded.instructions.keys().map(String::as_str).collect::<Vec<_>>(), ["accept", "commit", "run"]);
}
