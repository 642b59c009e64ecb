use super::*;

/// A folder with a file that is whole, and the name that it is to have.
fn folder() -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (part, file) = (folder.path().join("copy.part"), folder.path().join("copy"));
    fs::write(&part, "whole").unwrap();
    (folder, part, file)
}

fn unknown(_: &Path, _: &Path) -> io::Result<()> {
    Err(Errno::INVAL.into())
}

#[test]
fn whatever_a_disk_knows_the_file_gets_its_name() {
    for known in 0..WAYS.len() {
        let mut ways = [unknown as Way; WAYS.len()];
        ways[known] = WAYS[known];
        let (_folder, part, file) = folder();
        by_one_of(&ways, &part, &file).unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), part.exists()), ("whole", false), "way {known}");
    }
    let (_folder, part, file) = folder();
    let error = by_one_of(&[unknown as Way; WAYS.len()], &part, &file).unwrap_err();
    assert_eq!((Errno::from_io_error(&error), part.exists(), file.exists()), (Some(Errno::INVAL), true, false));
}

#[test]
fn what_is_there_is_never_written_over() {
    for known in 0..WAYS.len() {
        let mut ways = [unknown as Way; WAYS.len()];
        ways[known] = WAYS[known];
        let (_folder, part, file) = folder();
        fs::write(&file, "mine").unwrap();
        assert_eq!(by_one_of(&ways, &part, &file).unwrap_err().kind(), io::ErrorKind::AlreadyExists, "way {known}");
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), part.exists()), ("mine", true), "way {known}");
    }
}

#[test]
fn the_name_is_free_again_when_the_last_way_fails() {
    let (_folder, part, file) = folder();
    fs::remove_file(&part).unwrap();
    // A folder cannot be renamed over a file.
    fs::create_dir(&part).unwrap();
    assert!(rename_over_our_own(&part, &file).is_err());
    assert_eq!((part.exists(), file.exists()), (true, false));
}
