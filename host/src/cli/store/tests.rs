//! How a side of a copy is named.

use super::*;

#[test]
fn a_side_is_a_folder_or_a_database() {
    let folder = |text| match parse(text, false).unwrap() {
        Place::Sqlite(folder) => folder,
        other => panic!("{other:?}"),
    };
    assert_eq!(folder("sqlite:data"), PathBuf::from("data"));
    assert_eq!(folder("sqlite:/var/lib/crowdhook"), PathBuf::from("/var/lib/crowdhook"));
    for (text, address, schema) in [
        ("postgres://crowdhook@db/crowd", "postgres://crowdhook@db/crowd", None),
        ("postgresql://db/crowd?schema=hooks&connect_timeout=3", "postgresql://db/crowd?connect_timeout=3", Some("hooks")),
    ] {
        let Place::Postgres(place) = parse(text, false).unwrap() else { panic!("{text}") };
        assert_eq!((place.address.reveal(), place.schema.as_deref()), (address, schema));
    }
    for wrong in ["", "sqlite:", "data", "mysql://db/crowd", "postgres://db/crowd?schema=Not a name", "postgres://db/crowd?colour=red"] {
        assert!(parse(wrong, false).is_err(), "{wrong}");
    }
}

#[test]
fn a_password_comes_from_a_variable() {
    let secret = "postgres://crowdhook:opensesame@db/crowd";
    let refused = format!("{:?}", parse(secret, false).unwrap_err());
    assert!(refused.contains("--to-env") && !refused.contains("opensesame"), "{refused}");
    assert!(!format!("{:?}", parse(secret, true).unwrap()).contains("opensesame"));
}
