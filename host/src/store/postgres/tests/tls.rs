use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ECDSA_P384_SHA384, SignatureAlgorithm};

use super::cluster::Cluster;
use super::*;

/// Not one that would be taken for anything else in an error.
const PASSWORD: &str = "gans/geheim";

/// An authority that signs a certificate of `db.example`, which is also `localhost`.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(algorithm: &'static SignatureAlgorithm) -> Self {
        Self::named("an authority", algorithm)
    }

    fn named(name: &str, algorithm: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { pem: params.self_signed(&key).unwrap().pem(), issuer: Issuer::new(params, key) }
    }

    /// Certificate and key.
    fn sign(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["db.example", "localhost"].map(str::to_owned)).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A server with a user who has to say a password, and where its authority's certificate lies.
fn cluster(authority: &Authority) -> Option<(Cluster, tempfile::TempDir)> {
    let mut cluster = Cluster::with_port()?;
    let (certificate, key) = authority.sign();
    cluster.put("server.crt", &certificate);
    cluster.put("server.key", &key);
    cluster.restart_with(&["ssl=on"]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
    Some((cluster, folder))
}

async fn tell(cluster: &Cluster, sql: &str) {
    let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

async fn keeper(cluster: &Cluster) {
    tell(cluster, &format!("CREATE ROLE keeper LOGIN PASSWORD '{PASSWORD}'; GRANT CREATE ON DATABASE postgres TO keeper")).await;
}

fn open(cluster: &Cluster, host: &str, query: &str) -> Result<PostgresStore, String> {
    let address = format!("postgres://keeper:{}@{host}:{}/postgres?{query}", PASSWORD.replace('/', "%2F"), cluster.port());
    let options = Options { address: Secret::new(&address), ..options(cluster, "crowdhook", "first", &Clock::System, 1_000) };
    PostgresStore::open(options).map_err(|error| {
        let said = error.to_string();
        assert!(!said.contains("geheim") && !format!("{error:?}").contains("geheim"), "{said}");
        said
    })
}

#[tokio::test]
async fn a_store_is_kept_over_an_encrypted_connection() {
    // Two hashes for a login to be bound to.
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384] {
        let authority = Authority::new(algorithm);
        let Some((cluster, folder)) = cluster(&authority) else { return };
        keeper(&cluster).await;
        // As whoever wants to be sure that it is: nobody gets in from outside without.
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        cluster.put("pg_hba.conf", rules);
        tell(&cluster, "SELECT pg_reload_conf()").await;
        let ca = format!("sslrootcert={}", folder.path().join("ca.pem").display());
        for query in [
            ca.clone(),
            format!("sslmode=require&{ca}&channel_binding=require"),
            format!("sslmode=verify-full&{ca}&channel_binding=disable"),
        ] {
            let store = open(&cluster, "localhost", &query).unwrap();
            store.accept(vec![completed("birds", &query, &["vote"])]).await.unwrap();
            let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let sql = "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl JOIN pg_stat_activity \
                       USING (pid) WHERE usename = 'keeper'";
            let row = client.query_typed(sql, &[]).await.unwrap().remove(0);
            let (encrypted, plain): (i64, i64) = (row.get(0), row.get(1));
            assert!(encrypted > 0 && plain == 0, "{encrypted} encrypted, {plain} not");
            store.close().await;
        }
        // A certificate's name need not be found by asking for it.
        drop(open(&cluster, "db.example", &format!("hostaddr=127.0.0.1&sslmode=verify-full&{ca}")).unwrap());
        let refused = open(&cluster, "localhost", "").err().unwrap();
        assert!(refused.contains("wants an encrypted connection: write `sslmode=verify-full`"), "{refused}");
    }
}

#[tokio::test]
async fn who_is_not_who_was_meant_is_refused() {
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let Some((cluster, folder)) = cluster(&authority) else { return };
    keeper(&cluster).await;
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("other.pem"), Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256).pem).unwrap();
    std::fs::write(path("stranger.pem"), Authority::named("a stranger", &rcgen::PKCS_ECDSA_P256_SHA256).pem).unwrap();
    std::fs::write(path("none.pem"), "nothing").unwrap();
    std::fs::write(path("broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for (host, query, expected) in [
        ("localhost", "sslmode=verify-full".to_owned(), "an authority that this machine does not know: name its file by `sslrootcert="),
        ("localhost", format!("sslrootcert={}", path("other.pem")), "of another authority than that in `"),
        ("localhost", format!("sslrootcert={}", path("stranger.pem")), "of another authority than that in `"),
        ("127.0.0.1", format!("sslrootcert={}", path("ca.pem")), "write the host as the server's certificate names it"),
        ("other.example", format!("hostaddr=127.0.0.1&sslrootcert={}", path("ca.pem")), "write the host as the server's certificate"),
        ("localhost", format!("sslrootcert={}", path("absent.pem")), "which cannot be read: No such file"),
        ("localhost", format!("sslrootcert={}", path("none.pem")), "which holds no certificate"),
        ("localhost", format!("sslrootcert={}", path("broken.pem")), "holds a certificate that cannot be read"),
    ] {
        let refused = open(&cluster, host, &query).err().unwrap_or_else(|| panic!("`{host}` `{query}` was taken"));
        assert!(refused.contains(expected), "{refused}");
    }
    // With what is wrong for the server and not for us.
    let wrong = format!("sslrootcert={}&user=nobody", path("ca.pem"));
    let refused = open(&cluster, "localhost", &wrong).err().unwrap();
    assert!(refused.contains("password authentication failed for user \"nobody\""), "{refused}");
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_refused_unless_somebody_said_so() {
    let Some(cluster) = Cluster::with_port() else { return };
    keeper(&cluster).await;
    let refused = open(&cluster, "localhost", "sslmode=require").err().unwrap();
    assert!(refused.contains("does not encrypt: turn it on there (`ssl = on`), or write `sslmode=disable`"), "{refused}");
    for query in ["", "sslmode=disable"] {
        open(&cluster, "localhost", query).unwrap().accept(vec![completed("birds", query, &["vote"])]).await.unwrap();
    }
}
