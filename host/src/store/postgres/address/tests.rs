use super::*;

fn read(text: &str) -> Result<Address, String> {
    Address::read(text).map_err(|error| error.to_string())
}

/// How what `text` leads to is trusted: `plain`, `system`, or the path of the authority.
fn trusted(text: &str) -> String {
    match read(text).unwrap().usual.trust {
        None => "plain".to_owned(),
        Some(Trust::System) => "system".to_owned(),
        Some(Trust::Authority(path)) => path.display().to_string(),
    }
}

#[test]
fn what_leaves_the_machine_is_encrypted_unless_somebody_says_otherwise() {
    for (text, expected) in [
        ("postgres://me@/store?host=/run/postgresql", "plain"),
        ("postgres://me@%2Frun%2Fpostgresql/store", "plain"),
        ("postgres://me@/store?host=/run/postgresql&sslmode=verify-full", "plain"),
        ("postgres://me@localhost/store", "plain"),
        ("postgresql://me@127.0.0.1:5433/store", "plain"),
        ("postgres://me@[::1]/store", "plain"),
        ("postgres://me@db.example/store?hostaddr=127.0.0.2", "plain"),
        ("postgres://me@localhost/store?hostaddr=192.0.2.1", "system"),
        ("postgres://me@db.example/store", "system"),
        ("postgres://me@localhost,db.example/store", "system"),
        ("postgres://me@localhost/store?sslmode=verify-full", "system"),
        ("postgres://me@localhost/store?sslmode=require", "system"),
        ("postgres://me@localhost/store?sslrootcert=/etc/my%20ca.pem", "/etc/my ca.pem"),
        ("postgres://me@db.example/store?sslrootcert=system&sslmode=require", "system"),
        ("postgres://me@db.example/store?sslmode=disable", "plain"),
        ("postgres://db.example/store?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3", "/ca.pem"),
    ] {
        assert_eq!(trusted(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused_and_never_repeated() {
    for (text, expected) in [
        ("host=db.example password=geheim", "does not begin with `postgres://`"),
        ("postgres://me:gehe@im@db.example/store", "write `@` as `%40`"),
        ("postgres://me:gehe/im@db.example/store", "`/` as `%2F`"),
        ("postgres:///store?user=me&password=gehe@im", "write `@` as `%40`"),
        ("postgres://db.example/store?password=ge&geheim", "option number 2 has no `=`"),
        ("postgres://db.example/store?password=ge&geheim=1", "option number 2 is none of `sslmode`"),
        ("postgres://me:geheim@db.example:geheim/store", "invalid value for option `port`"),
        ("postgres://me:geheim@/store", "names no host; for a Unix socket"),
        ("postgres://me:geheim@:5432/store", "names no host"),
        ("postgres://me:geheim@db.example,%2Frun/store", "Unix sockets beside other hosts"),
        ("postgres://me:geheim@/store?hostaddr=192.0.2.1", "no `host` to look for"),
        ("postgres://me:geheim@db.example/store?sslmode=prefer", "promise nothing"),
        ("postgres://me:geheim@db.example/store?sslmode=allow", "promise nothing"),
        ("postgres://me:geheim@db.example/store?sslmode=verify-ca", "write `sslmode=verify-full`"),
        ("postgres://me:geheim@db.example/store?sslmode=geheim", "`sslmode` is `verify-full`"),
        ("postgres://me:geheim@db.example/store?sslrootcert=ca.pem", "a whole path"),
        ("postgres://me:geheim@db.example/store?listen_port=5432", "no `listen_host`"),
        ("postgres://me:geheim@db.example/store?listen_host=a,b&listen_port=geheim", "invalid value for option `port`"),
        ("postgres://me:geheim@db.example/store?sslmode=disable&sslrootcert=/ca.pem", "take one of them out"),
    ] {
        let refused = read(text).err().unwrap_or_else(|| panic!("`{text}` was taken"));
        assert!(refused.contains(expected), "{text}: {refused}");
        assert!(!refused.contains("eheim") && !refused.contains("im@"), "{refused}");
    }
}

#[test]
fn user_password_and_place_are_read() {
    let config = read("postgres://me:a%40b%2Fc@db.example:5433/store?application_name=x&sslmode=disable").unwrap().usual.config;
    assert_eq!((config.get_user(), config.get_password(), config.get_dbname()), (Some("me"), Some(b"a@b/c".as_slice()), Some("store")));
    assert_eq!((config.get_ports(), config.get_application_name()), ([5433].as_slice(), Some("x")));
}

#[test]
fn the_server_behind_a_pooler_may_be_said() {
    let address =
        read("postgres://me:geheim@localhost:6432/store?listen_host=db.example&listen_port=5433&application_name=x&port=6432").unwrap();
    let Way { config, trust } = address.direct.unwrap();
    assert!(address.usual.trust.is_none() && matches!(trust, Some(Trust::System)), "each by where it leads");
    assert_eq!((config.get_hosts(), config.get_ports()), ([Host::Tcp("db.example".to_owned())].as_slice(), [5433].as_slice()));
    let said = (config.get_user(), config.get_password(), config.get_dbname(), config.get_application_name());
    assert_eq!(said, (Some("me"), Some(b"geheim".as_slice()), Some("store"), Some("x")));
    let socket = read("postgres://db.example?listen_host=%2Frun%2Fpostgresql").unwrap().direct.unwrap();
    assert_eq!(
        (socket.config.get_hosts(), socket.config.get_ports()),
        ([Host::Unix("/run/postgresql".into())].as_slice(), [5432].as_slice())
    );
    assert!(read("postgres://db.example").unwrap().direct.is_none());
}
