use std::time::Duration;

use super::*;

const COMPONENT: &str = r#"(component (core module $m (func (export "f") (result i32) i32.const 42)) (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))"#;

fn compiled(engine: &wasmtime::Engine) -> (Digest, Vec<u8>) {
    let bytes = wat::parse_str(COMPONENT).unwrap();
    (Digest::of(&bytes), engine.precompile_component(&bytes).unwrap())
}

fn call(engine: &wasmtime::Engine, component: &Component) -> u32 {
    let mut store = wasmtime::Store::new(engine, ());
    let instance = wasmtime::component::Linker::new(engine).instantiate(&mut store, component).unwrap();
    instance.get_typed_func::<(), (u32,)>(&mut store, "f").unwrap().call(&mut store, ()).unwrap().0
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn what_was_put_is_got_and_runs() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), wasmtime::Engine::default());
    let cache = Cache::open(&folder.path().join("made/for/it")).unwrap();
    let (digest, code) = compiled(&engine);
    assert!(cache.get(&engine, digest).is_none());
    cache.put(&engine, digest, &code).unwrap();
    // Another process has another engine of the same kind.
    let other = wasmtime::Engine::default();
    assert_eq!(call(&other, &cache.get(&other, digest).unwrap()), 42);
    assert!(cache.get(&engine, Digest::of(b"another component")).is_none());
}

#[test]
fn code_for_another_engine_is_not_got() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), wasmtime::Engine::default());
    let cache = Cache::open(folder.path()).unwrap();
    let (digest, code) = compiled(&engine);
    cache.put(&engine, digest, &code).unwrap();
    let other = wasmtime::Engine::new(wasmtime::Config::new().epoch_interruption(true)).unwrap();
    assert!(cache.get(&other, digest).is_none());
    // Nor where it stands under the other's name.
    fs::copy(cache.file(&engine, digest), cache.file(&other, digest)).unwrap();
    assert!(cache.get(&other, digest).is_none());
}

#[test]
fn half_a_file_is_not_got_and_is_replaced() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), wasmtime::Engine::default());
    let cache = Cache::open(folder.path()).unwrap();
    let (digest, code) = compiled(&engine);
    for length in [0, 1, 100, code.len() / 2] {
        fs::write(cache.file(&engine, digest), &code[..length]).unwrap();
        assert!(cache.get(&engine, digest).is_none(), "{length} bytes");
    }
    cache.put(&engine, digest, &code).unwrap();
    assert_eq!(call(&engine, &cache.get(&engine, digest).unwrap()), 42);
}

#[test]
fn what_is_in_use_outlives_its_file() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), wasmtime::Engine::default());
    let cache = Cache::open(folder.path()).unwrap();
    let (digest, code) = compiled(&engine);
    cache.put(&engine, digest, &code).unwrap();
    let component = cache.get(&engine, digest).unwrap();
    cache.put(&engine, digest, &code).unwrap();
    fs::remove_file(cache.file(&engine, digest)).unwrap();
    assert_eq!(call(&engine, &component), 42);
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), wasmtime::Engine::default());
    let cache = Cache::open(folder.path()).unwrap();
    let (digest, code) = compiled(&engine);
    let old = |name: &str, bytes: u64, age: u64| {
        let file = File::create(folder.path().join(name)).unwrap();
        file.set_len(bytes).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    };
    old("oldest.cwasm", BYTES_MAX / 2, 9_000);
    old("older.cwasm", BYTES_MAX / 2 - 1, 6_000);
    old("never.unfinished", 10, 5_000);
    old("still.unfinished", 10, 5);
    cache.put(&engine, digest, &code).unwrap();
    let kept = cache.file(&engine, digest).file_name().unwrap().to_str().unwrap().to_owned();
    let mut expected = vec![kept, "older.cwasm".to_owned(), "still.unfinished".to_owned()];
    expected.sort_unstable();
    assert_eq!(names(folder.path()), expected);
}
