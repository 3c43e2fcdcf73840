//! A slow stretch of the path: latency with jitter, and so many bytes a second,
//! in both directions. Bytes keep their order and none is lost.
//!
//! Knows nothing of what passes. It stands between a proxy and the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How slow each direction is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) latency: Duration,
    /// Up to so much more, by chance, for each piece.
    pub(crate) jitter: Duration,
    /// Bytes a second; 0 is no limit.
    pub(crate) bandwidth: u32,
}

pub(crate) struct Weather {
    address: SocketAddr,
    shape: watch::Sender<Shape>,
    accepting: JoinHandle<()>,
}

impl Weather {
    /// Fair at first.
    pub(crate) async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port for the weather");
        let address = listener.local_addr().expect("own address");
        let (shape, watched) = watch::channel(Shape::default());
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, target, watched.clone()));
            }
        });
        Self {
            address,
            shape,
            accepting,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, on the connections that exist as well.
    pub(crate) fn turns(&self, shape: Shape) {
        self.shape.send_replace(shape);
    }
}

impl Drop for Weather {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, target: SocketAddr, shape: watch::Receiver<Shape>) {
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    // The end of one direction is no end of the other, as in TCP.
    tokio::join!(
        direction(client_reads, server_writes, shape.clone(), 0x9e37_79b9),
        direction(server_reads, client_writes, shape, 0x7f4a_7c15),
    );
}

async fn direction(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    shape: watch::Receiver<Shape>,
    mut chance: u64,
) {
    let (pieces, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(256);
    let reads = async move {
        let mut buffer = vec![0; 1024];
        let mut free_at = Instant::now();
        loop {
            let Ok(taken) = from.read(&mut buffer).await else {
                return;
            };
            if taken == 0 {
                return;
            }
            let Shape {
                latency,
                jitter,
                bandwidth,
            } = *shape.borrow();
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let more = jitter.mul_f64((chance >> 33) as f64 / f64::from(u32::MAX >> 1));
            // What came before is still on its way out.
            free_at = free_at.max(Instant::now());
            if bandwidth > 0 {
                free_at += Duration::from_secs_f64(taken as f64 / f64::from(bandwidth));
            }
            let at = free_at + latency + more;
            if pieces.send((at, buffer[..taken].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let writes = async move {
        while let Some((at, piece)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(reads, writes);
}
