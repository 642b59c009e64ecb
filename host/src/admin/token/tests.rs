//! How a token is made and kept.

use super::*;

#[test]
fn a_token_is_made_once_and_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert_eq!(read(&data).unwrap_err().kind(), io::ErrorKind::NotFound);
    let made = open(&data).unwrap();
    assert_eq!(made.reveal().len(), 2 * TOKEN_BYTES);
    assert_eq!(open(&data).unwrap().reveal(), made.reveal());
    assert_eq!(read(&data).unwrap().reveal(), made.reveal());
    let mode = fs::metadata(path(&data)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
}

#[test]
fn an_empty_token_is_no_token() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(path(folder.path()), "\n").unwrap();
    assert_eq!(open(folder.path()).unwrap_err().kind(), io::ErrorKind::InvalidData);
}
