//! The whole of it on one machine, to be watched: a practice PYBOSSA and a practice Appen, the real host between them and a
//! crowd that is made up. Nothing leaves loopback.

mod crowd;
mod folder;
mod practise;
mod show;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::app::App;
use crate::config::load;
use crowd::Crowd;
pub use practise::practise;
use show::Show;

/// How long a task may take from its last answer to the result on the platform.
const RESULT_WAIT_MAX: Duration = Duration::from_secs(60);

/// How to show it.
#[derive(Clone, Debug)]
pub struct Options {
    /// End when all is done.
    pub once: bool,
    /// Where settings, plugins and store are made; none for a temporary folder.
    pub folder: Option<PathBuf>,
    /// The bundled components: name and bytes.
    pub components: &'static [(&'static str, &'static [u8])],
}

/// Shows it: `say` is given each line as it happens.
///
/// # Errors
///
/// When the host does not start, or a task has no result after a minute.
pub async fn run(options: Options, say: impl Fn(&str), shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    // Removed when this returns.
    let temporary = if options.folder.is_none() { Some(tempfile::tempdir()?) } else { None };
    let folder = match (&options.folder, &temporary) {
        (Some(folder), _) => folder.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => bail!("there is no folder"),
    };
    let crowd = Crowd::gather().await.context("the practice platforms do not start")?;
    let listen = free_or(SocketAddr::from(([127, 0, 0, 1], 8080))).await;
    let admin = free_or(SocketAddr::from(([127, 0, 0, 1], 8081))).await;
    folder::fill(&folder, &crowd, (listen, admin), options.components)?;
    let host = load::host(Some(&folder.join("crowdhook.toml")))?;
    let app = App::open(host).await?;
    let hooks = app.hooks_address()?;
    let (store, admin) = (app.store(), app.admin_address()?);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(app.serve(async {
        drop(stopped.await);
    }));

    let show = Show { say: &say, crowd: &crowd, store: store.as_ref() };
    show.opening(hooks, &folder);
    let shown = async {
        crowd.connect(hooks).await?;
        crowd.answer().await?;
        tokio::time::timeout(RESULT_WAIT_MAX, show.results()).await.map_err(|_| {
            anyhow::anyhow!("not every task has its result after {} s: look into `{}`", RESULT_WAIT_MAX.as_secs(), folder.display())
        })??;
        tokio::time::timeout(RESULT_WAIT_MAX, show.chain(hooks, &folder)).await.map_err(|_| {
            anyhow::anyhow!("not everything has left after {} s: look into `{}`", RESULT_WAIT_MAX.as_secs(), folder.display())
        })?
    };
    tokio::pin!(shutdown);
    let outcome = tokio::select! {
        outcome = shown => outcome,
        () = &mut shutdown => Ok(()),
    };
    if outcome.is_ok() && !options.once {
        show.closing(hooks, admin, &folder);
        shutdown.await;
    }
    drop(stop);
    serving.await.context("the host broke down")??;
    outcome
}

/// `address`, or a free port of the same machine when it is taken.
async fn free_or(address: SocketAddr) -> SocketAddr {
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => address,
        Err(_) => SocketAddr::new(address.ip(), 0),
    }
}
