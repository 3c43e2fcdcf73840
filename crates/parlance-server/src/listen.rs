//! Connections: taken from the listener, served, and brought to an end in
//! time.
//!
//! Knows nothing of what is answered.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use crate::http::{self, Remote};
use crate::server::Server;

/// How long a request's head may take, and a kept connection be idle.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Headers in a request, and bytes of them.
const HEADERS: usize = 64;
const HEAD_BYTES: usize = 32 * 1024;
/// How long the links have to hear the goodbye. With what follows it stays
/// below the three seconds that a supervisor is told to wait.
const GOODBYES: Duration = Duration::from_millis(2000);
/// How long requests that are being answered have after that.
const LAST_ANSWERS: Duration = Duration::from_millis(300);
/// How long the last writes have.
const LAST_WRITES: Duration = Duration::from_millis(500);
/// Bytes that the system may hold for one connection before they are on their
/// way. It would take megabytes for each reader that does not read, and who is
/// too slow would be found out minutes later.
const UNSENT_BYTES: u32 = 128 * 1024;
/// How often forgotten tickets and full buckets are thrown away.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// After a failed accept, which mostly means that no file descriptor is free.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves until `shutdown` is ready, then ends everything.
pub(crate) async fn serve(
    listener: TcpListener,
    server: Arc<Server>,
    shutdown: impl Future<Output = ()>,
) {
    server.hub.beside(Arc::clone(&server.hub).pass_hints());
    server.hub.beside(sweep(Arc::clone(&server)));
    let router = http::router(Arc::clone(&server));
    let mut connections = JoinSet::new();
    {
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, remote)) => {
                        let server = Arc::clone(&server);
                        connections.spawn(answer(stream, Remote(remote), router.clone(), server));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "no connection could be accepted");
                        sleep(ACCEPT_AGAIN).await;
                    }
                },
                // Those that are over are forgotten here.
                Some(_) = connections.join_next() => {}
            }
        }
    }
    drop(listener);
    tracing::info!("shutting down");
    let _ = server.ending.send_replace(true);
    say_goodbye(&server).await;
    let answered = async { while connections.join_next().await.is_some() {} };
    // Not in time: they are dropped.
    let _ = timeout(LAST_ANSWERS, answered).await;
    connections.shutdown().await;
    // Everything that was asked before this has been written when it answers.
    let _ = timeout(LAST_WRITES, server.store.check()).await;
    server.hub.end().await;
}

/// Answers what comes on one connection, until its end.
pub(crate) async fn answer(stream: TcpStream, remote: Remote, router: Router, server: Arc<Server>) {
    // Frames are small and each is awaited: gathering them only delays.
    let _ = stream.set_nodelay(true);
    bound_unsent(&stream);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(remote);
            let Ok(response) = router.oneshot(request).await;
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = server.ends() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}

/// Where the system can: elsewhere a slow reader costs what its buffers hold.
fn bound_unsent(stream: &TcpStream) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(%error, "what is unsent is not bounded");
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (stream, UNSENT_BYTES);
}

async fn say_goodbye(server: &Server) {
    let until = Instant::now() + GOODBYES;
    // Links that are just coming in are found by a later round.
    while server.metrics.connections.load(Ordering::Acquire) > 0 && Instant::now() < until {
        server.hub.close_all(|| server.goodbye());
        sleep(Duration::from_millis(20)).await;
    }
}

async fn sweep(server: Arc<Server>) {
    loop {
        sleep(SWEEP_EVERY).await;
        server.sweep();
    }
}
