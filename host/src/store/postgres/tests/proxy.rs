//! A proxy before the server that can die as networks do: bytes go nowhere, and nobody is told.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Listens on a port of this machine, and leads to the server's socket.
pub struct Proxy {
    pub port: u16,
    way: watch::Sender<Way>,
    serving: JoinHandle<()>,
}

#[derive(Clone, Copy, Default)]
struct Way {
    is_dead: bool,
    /// How often all connections were forgotten. Those from before stay open and lead nowhere.
    forgotten: u32,
}

impl Proxy {
    /// A proxy before the socket of a server.
    pub async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = watch::Sender::new(Way::default());
        let seen = way.clone();
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).ok();
                let (socket, way) = (socket.clone(), seen.subscribe());
                connections.spawn(async move { lead(stream, &socket, way).await.ok() });
            }
        });
        Self { port, way, serving }
    }

    /// From now on bytes wait here until [`Proxy::heal`].
    pub fn hold(&self) {
        self.way.send_modify(|way| way.is_dead = true);
    }

    /// From now on bytes wait here, and those of the connections there are for ever.
    pub fn forget(&self) {
        self.way.send_modify(|way| *way = Way { is_dead: true, forgotten: way.forgotten + 1 });
    }

    pub fn heal(&self) {
        self.way.send_modify(|way| way.is_dead = false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn lead(mut near: tokio::net::TcpStream, socket: &Path, way: watch::Receiver<Way>) -> io::Result<()> {
    let born = way.borrow().forgotten;
    let mut far = UnixStream::connect(socket).await?;
    let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
    // The end of one direction is the end of both, as when a server is killed.
    tokio::select! {
        ended = pump(near_in, far_out, way.clone(), born) => ended,
        ended = pump(far_in, near_out, way.clone(), born) => ended,
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut way: watch::Receiver<Way>,
    born: u32,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        passable(&mut way, born).await;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
    }
}

/// Waits until a byte may go on, which for those of a forgotten connection is never.
async fn passable(way: &mut watch::Receiver<Way>, born: u32) {
    let goes_on = way.wait_for(|way| way.forgotten == born && !way.is_dead).await.is_ok();
    if !goes_on {
        std::future::pending().await
    }
}
