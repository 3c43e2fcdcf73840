//! A path between a browser and the server that breaks exactly when told.
//!
//! It speaks TCP, reads just enough of HTTP to count what was asked for, and
//! just enough of WebSocket to slip a frame between two others. It knows no
//! dialect. A "link" is a connection that was upgraded to a WebSocket.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::frames::{self, BINARY, CLOSE, Frames, TEXT};
use crate::sockets::{Ear, Ledger};

mod tamper;
mod weather;

use tamper::{Clerk, Tamper};
pub(crate) use tamper::{Fate, Instead};
pub(crate) use weather::{Shape, Weather};

/// So much is taken from a client while nothing passes; more waits with it.
const HELD: usize = 256 * 1024;

/// What happens to the bytes of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Pass,
    /// Kept, and delivered when passing again: what retransmission does.
    Hold,
    /// Taken and never delivered, the end included: the other side is told
    /// nothing. There is no way back for this connection.
    Swallow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Fin,
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Orders {
    up: Flow,
    down: Flow,
    cut: Option<Cut>,
}

impl Orders {
    fn set(&mut self, direction: Direction, flow: Flow) {
        let change = |of: &mut Flow| {
            if *of != Flow::Swallow {
                *of = flow;
            }
        };
        if direction != Direction::Down {
            change(&mut self.up);
        }
        if direction != Direction::Up {
            change(&mut self.down);
        }
    }
}

struct Connection {
    orders: watch::Sender<Orders>,
    /// What goes to the client between two frames.
    between: mpsc::UnboundedSender<Slip>,
    upgraded: bool,
    ear: Ear,
}

/// Bytes for the client from somebody who is not the server.
struct Slip {
    bytes: Vec<u8>,
    /// Nothing comes after them, the server's own words included.
    is_last: bool,
}

impl Slip {
    fn frame(bytes: Vec<u8>) -> Self {
        let is_last = bytes.first() == Some(&(0x80 | CLOSE));
        Self { bytes, is_last }
    }
}

#[derive(Default)]
struct Shared {
    connections: Vec<Arc<Mutex<Connection>>>,
    requests: Vec<String>,
    /// How new connections are held, if they are.
    new: Option<Direction>,
    refuse_talk: bool,
    tampers_up: Option<Tamper>,
    tampers_down: Option<Tamper>,
    clerk: Option<Clerk>,
    ledger: Arc<Ledger>,
}

pub(crate) struct Proxy {
    address: SocketAddr,
    target: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Proxy {
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port for the proxy");
        let proxy = Self {
            address: listener.local_addr().expect("own address"),
            target,
            shared: Arc::default(),
            accepting: Mutex::new(None),
        };
        proxy.accept_on(listener);
        proxy
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    // ---- verbs ----

    /// New connections pass, and what was held goes on. What was swallowed or
    /// cut stays lost.
    pub(crate) async fn pass(&self) {
        {
            let mut shared = self.shared.lock().unwrap();
            shared.new = None;
            shared.refuse_talk = false;
            shared.tampers_up = None;
            shared.tampers_down = None;
            shared.clerk = None;
        }
        self.each(|connection| {
            connection
                .orders
                .send_modify(|orders| orders.set(Direction::Both, Flow::Pass));
        });
        if self.accepting.lock().unwrap().is_some() {
            return;
        }
        let until = tokio::time::Instant::now() + Duration::from_secs(10);
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(error) => assert!(
                    tokio::time::Instant::now() < until,
                    "cannot listen on {} again: {error}",
                    self.address
                ),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        self.accept_on(listener);
    }

    /// Connections that exist are reset, and new ones refused.
    pub(crate) async fn refuse(&self) {
        let accepting = self.accepting.lock().unwrap().take();
        if let Some(accepting) = accepting {
            accepting.abort();
            let _ = accepting.await;
        }
        self.cut(Cut::Reset);
    }

    /// Links are reset, and so is whoever asks for a link or for the server's
    /// own answers; the page itself can still be loaded.
    pub(crate) fn refuse_talk(&self) {
        self.shared.lock().unwrap().refuse_talk = true;
        self.each(|connection| {
            if connection.upgraded {
                connection
                    .orders
                    .send_modify(|orders| orders.cut = Some(Cut::Reset));
            }
        });
    }

    /// Nothing gets through, and nobody is told: what is sent waits until the
    /// path passes again, as it does in a network that retransmits, and a new
    /// connection is taken but not answered.
    pub(crate) fn black_hole(&self, direction: Direction) {
        self.shared.lock().unwrap().new = Some(direction);
        self.each(|connection| {
            connection
                .orders
                .send_modify(|orders| orders.set(direction, Flow::Hold));
        });
    }

    /// The links that exist go dead for ever, as when an address was
    /// translated and the translator forgot; everything else is healthy.
    pub(crate) fn swallow_links(&self, direction: Direction) {
        self.swallow(direction, |connection| connection.upgraded);
    }

    /// Every connection that exists goes dead, those included that wait for
    /// another request; new ones are healthy.
    pub(crate) fn swallow_all(&self) {
        self.swallow(Direction::Both, |_| true);
    }

    fn swallow(&self, direction: Direction, which: impl Fn(&Connection) -> bool) {
        self.each(|connection| {
            if which(connection) {
                connection
                    .orders
                    .send_modify(|orders| orders.set(direction, Flow::Swallow));
            }
        });
    }

    /// The links that exist stand still until `pass`; everything else goes on.
    pub(crate) fn hold_links(&self, direction: Direction) {
        self.each(|connection| {
            if connection.upgraded {
                connection
                    .orders
                    .send_modify(|orders| orders.set(direction, Flow::Hold));
            }
        });
    }

    pub(crate) fn cut(&self, cut: Cut) {
        self.each(|connection| {
            connection
                .orders
                .send_modify(|orders| orders.cut = Some(cut));
        });
    }

    /// The first message of a client of which `answer` makes one never reaches
    /// the server; its sender gets the answer.
    pub(crate) fn answers_instead(
        &self,
        mut answer: impl FnMut(&str) -> Option<String> + Send + 'static,
    ) {
        let mut answered = false;
        self.tampers(Direction::Up, move |said| {
            let answer = (!answered).then(|| answer(said)).flatten();
            answered |= answer.is_some();
            answer.map_or(Fate::Passes, Fate::Answered)
        });
    }

    /// Asks about every frame of the links, in this direction, until `pass`.
    pub(crate) fn tampers(
        &self,
        direction: Direction,
        tamper: impl FnMut(&str) -> Fate + Send + 'static,
    ) {
        let mut shared = self.shared.lock().unwrap();
        match direction {
            Direction::Up => shared.tampers_up = Some(Box::new(tamper)),
            Direction::Down => shared.tampers_down = Some(Box::new(tamper)),
            Direction::Both => panic!("a frame goes up or down"),
        }
    }

    /// Asks about every request, until `pass`: those of which `clerk` makes an
    /// answer do not reach the server.
    pub(crate) fn serves_instead(
        &self,
        clerk: impl FnMut(&str) -> Option<Instead> + Send + 'static,
    ) {
        self.shared.lock().unwrap().clerk = Some(Box::new(clerk));
    }

    /// Puts a frame from the "server" between two others, on every link.
    fn inject(&self, opcode: u8, payload: &[u8]) {
        self.inject_raw(&frames::frame(opcode, payload));
    }

    /// The same with bytes that need not be a frame.
    pub(crate) fn inject_raw(&self, bytes: &[u8]) {
        self.each(|connection| {
            if connection.upgraded {
                let _ = connection.between.send(Slip::frame(bytes.to_vec()));
            }
        });
    }

    pub(crate) fn inject_text(&self, text: &str) {
        self.inject(TEXT, text.as_bytes());
    }

    pub(crate) fn inject_binary(&self, bytes: &[u8]) {
        self.inject(BINARY, bytes);
    }

    pub(crate) fn inject_close(&self, code: u16, reason: &str) {
        self.inject(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat());
    }

    // ---- what was seen ----

    /// `METHOD /path` of every request, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.lock().unwrap().requests.clone()
    }

    /// How many requests began with this.
    pub(crate) fn count(&self, beginning: &str) -> usize {
        let shared = self.shared.lock().unwrap();
        shared
            .requests
            .iter()
            .filter(|request| request.starts_with(beginning))
            .count()
    }

    /// What became of the page's sockets.
    pub(crate) fn sockets(&self) -> Arc<Ledger> {
        Arc::clone(&self.shared.lock().unwrap().ledger)
    }

    // ---- inside ----

    fn each(&self, act: impl Fn(&Connection)) {
        let mut shared = self.shared.lock().unwrap();
        shared
            .connections
            .retain(|connection| !connection.lock().unwrap().orders.is_closed());
        for connection in &shared.connections {
            act(&connection.lock().unwrap());
        }
    }

    fn accept_on(&self, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        let target = self.target;
        let task = tokio::spawn(async move {
            loop {
                if let Ok((client, _)) = listener.accept().await {
                    admit(client, target, &shared);
                }
            }
        });
        *self.accepting.lock().unwrap() = Some(task);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let worst = self.sockets().conclude();
        if let Some(accepting) = self.accepting.lock().unwrap().take() {
            accepting.abort();
        }
        self.cut(Cut::Reset);
        if !std::thread::panicking() {
            assert!(worst <= 1, "a page had {worst} sockets open at once");
        }
    }
}

fn admit(client: TcpStream, target: SocketAddr, shared: &Arc<Mutex<Shared>>) {
    let mut all = shared.lock().unwrap();
    let mut begin = Orders {
        up: Flow::Pass,
        down: Flow::Pass,
        cut: None,
    };
    if let Some(direction) = all.new {
        begin.set(direction, Flow::Hold);
    }
    let (orders, watched) = watch::channel(begin);
    let (between, slips) = mpsc::unbounded_channel();
    let connection = Arc::new(Mutex::new(Connection {
        orders,
        between,
        upgraded: false,
        ear: Ear::new(&all.ledger),
    }));
    all.connections.push(Arc::clone(&connection));
    drop(all);
    tokio::spawn(carry(
        client,
        target,
        watched,
        slips,
        connection,
        Arc::clone(shared),
    ));
}

async fn carry(
    mut client: TcpStream,
    target: SocketAddr,
    mut watched: watch::Receiver<Orders>,
    slips: mpsc::UnboundedReceiver<Slip>,
    connection: Arc<Mutex<Connection>>,
    shared: Arc<Mutex<Shared>>,
) {
    let Ok(mut server) = TcpStream::connect(target).await else {
        // The server is down: so is the path to it, and at once.
        let _ = client.set_zero_linger();
        return;
    };
    let carried = Arc::clone(&connection);
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (client_read, client_write) = client.split();
    let (server_read, server_write) = server.split();
    let up = carry_up(
        client_read,
        server_write,
        watched.clone(),
        Arc::clone(&connection),
        Arc::clone(&shared),
    );
    let down = carry_down(
        server_read,
        client_write,
        watched.clone(),
        slips,
        connection,
        shared,
    );
    let reset = tokio::select! {
        cut = ordered_cut(&mut watched) => cut == Cut::Reset,
        ended = async { tokio::try_join!(up, down) } => ended.is_err(),
    };
    carried.lock().unwrap().ear.is_over();
    if reset {
        let _ = client.set_zero_linger();
        let _ = server.set_zero_linger();
    }
}

async fn ordered_cut(watched: &mut watch::Receiver<Orders>) -> Cut {
    loop {
        if let Some(cut) = watched.borrow_and_update().cut {
            return cut;
        }
        if watched.changed().await.is_err() {
            return Cut::Reset;
        }
    }
}

async fn carry_up(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut watched: watch::Receiver<Orders>,
    connection: Arc<Mutex<Connection>>,
    shared: Arc<Mutex<Shared>>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut up = Up {
        kept: Vec::new(),
        served: false,
        connection,
        shared,
    };
    // What came while nothing passed, and whether that was all.
    let mut held = Vec::new();
    let mut ended = false;
    loop {
        let flow = watched.borrow_and_update().up;
        if flow == Flow::Pass && !held.is_empty() {
            up.deliver(&std::mem::take(&mut held), &mut to).await?;
        }
        if ended {
            match flow {
                Flow::Pass => return to.shutdown().await,
                Flow::Hold => {}
                Flow::Swallow => return std::future::pending().await,
            }
        }
        tokio::select! {
            changed = watched.changed() => if changed.is_err() { return Ok(()) },
            read = from.read(&mut buffer), if !ended && held.len() < HELD => {
                let taken = read?;
                let bytes = &buffer[..taken];
                up.connection.lock().unwrap().ear.hears(bytes);
                ended = taken == 0;
                match flow {
                    Flow::Pass => up.deliver(bytes, &mut to).await?,
                    Flow::Hold => held.extend_from_slice(bytes),
                    Flow::Swallow => {}
                }
            }
        }
    }
}

/// The way up of one connection.
struct Up {
    /// The beginning of a frame whose end has not come.
    kept: Vec<u8>,
    /// The server is not asked any more: somebody else answers.
    served: bool,
    connection: Arc<Mutex<Connection>>,
    shared: Arc<Mutex<Shared>>,
}

impl Up {
    async fn deliver(&mut self, bytes: &[u8], to: &mut WriteHalf<'_>) -> std::io::Result<()> {
        if self.served {
            return Ok(());
        }
        if self.connection.lock().unwrap().upgraded {
            self.kept.extend_from_slice(bytes);
            while let Some(length) = frames::length(&self.kept) {
                let frame: Vec<u8> = self.kept.drain(..length).collect();
                let fate = match (
                    &mut self.shared.lock().unwrap().tampers_up,
                    frames::unmasked(&frame),
                ) {
                    (Some(tamper), Some(said)) => tamper(&said),
                    _ => Fate::Passes,
                };
                self.suffer(&frame, fate, to).await?;
            }
            return Ok(());
        }
        if let Some(request) = request_line(bytes) {
            let talk = request.contains(" /ws") || request.contains(" /api/");
            let mut shared = self.shared.lock().unwrap();
            if shared.refuse_talk && talk {
                return Err(std::io::ErrorKind::ConnectionRefused.into());
            }
            let instead = shared.clerk.as_mut().and_then(|clerk| clerk(&request));
            shared.requests.push(request);
            drop(shared);
            if let Some(instead) = instead {
                self.served = true;
                let between = self.connection.lock().unwrap().between.clone();
                if let Some((bytes, after)) = instead.bytes() {
                    slip_later(
                        between,
                        Slip {
                            bytes,
                            is_last: true,
                        },
                        after,
                    );
                }
                return Ok(());
            }
        }
        to.write_all(bytes).await
    }

    async fn suffer(
        &self,
        frame: &[u8],
        fate: Fate,
        to: &mut WriteHalf<'_>,
    ) -> std::io::Result<()> {
        match fate {
            Fate::Passes => to.write_all(frame).await,
            Fate::IsLost => Ok(()),
            Fate::ComesTwice => to.write_all(&frame.repeat(2)).await,
            Fate::Becomes(bytes) => to.write_all(&bytes).await,
            Fate::Answered(answer) => {
                let slip = Slip::frame(frames::frame(TEXT, answer.as_bytes()));
                let _ = self.connection.lock().unwrap().between.send(slip);
                Ok(())
            }
            Fate::CutAfter(length, cut) => {
                to.write_all(&frame[..length.min(frame.len())]).await?;
                self.order(|orders| orders.cut = Some(cut));
                Ok(())
            }
            Fate::StallsAfter(length) => {
                to.write_all(&frame[..length.min(frame.len())]).await?;
                self.order(|orders| orders.set(Direction::Up, Flow::Swallow));
                Ok(())
            }
            Fate::ComesLater(_) => panic!("a server hears frames in their order"),
        }
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        self.connection.lock().unwrap().orders.send_modify(change);
    }
}

fn slip_later(between: mpsc::UnboundedSender<Slip>, slip: Slip, after: Duration) {
    if after.is_zero() {
        let _ = between.send(slip);
        return;
    }
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        let _ = between.send(slip);
    });
}

async fn carry_down(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut watched: watch::Receiver<Orders>,
    mut slips: mpsc::UnboundedReceiver<Slip>,
    connection: Arc<Mutex<Connection>>,
    shared: Arc<Mutex<Shared>>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut coming = Frames::default();
    loop {
        let flow = watched.borrow_and_update().down;
        tokio::select! {
            changed = watched.changed() => if changed.is_err() { return Ok(()) },
            Some(slip) = slips.recv(), if flow == Flow::Pass => {
                to.write_all(&slip.bytes).await?;
                if slip.is_last {
                    return to.shutdown().await;
                }
            }
            read = from.read(&mut buffer), if flow != Flow::Hold => {
                let taken = read?;
                if flow == Flow::Swallow {
                    if taken == 0 {
                        return std::future::pending().await;
                    }
                    continue;
                }
                if taken == 0 {
                    return to.shutdown().await;
                }
                let was_upgraded = coming.upgraded;
                let whole = coming.take(&buffer[..taken]);
                note_answer(&connection, coming.upgraded);
                if was_upgraded {
                    if deliver_down(whole, &mut to, &connection, &shared).await? {
                        return to.shutdown().await;
                    }
                } else {
                    to.write_all(&whole).await?;
                }
            }
        }
    }
}

/// Whole frames, each asked about where somebody tampers; whether the last of
/// them was a close, after which nothing comes.
async fn deliver_down(
    mut whole: Vec<u8>,
    to: &mut WriteHalf<'_>,
    connection: &Mutex<Connection>,
    shared: &Mutex<Shared>,
) -> std::io::Result<bool> {
    if shared.lock().unwrap().tampers_down.is_none() {
        to.write_all(&whole).await?;
        return Ok(false);
    }
    let order = |change: &dyn Fn(&mut Orders)| {
        connection.lock().unwrap().orders.send_modify(change);
    };
    while let Some(length) = frames::length(&whole) {
        let frame: Vec<u8> = whole.drain(..length).collect();
        let said = frames::payload(&frame).map(String::from_utf8_lossy);
        let fate = match (&mut shared.lock().unwrap().tampers_down, said) {
            (Some(tamper), Some(said)) => tamper(&said),
            _ => Fate::Passes,
        };
        match fate {
            Fate::Passes => to.write_all(&frame).await?,
            Fate::IsLost => {}
            Fate::ComesTwice => to.write_all(&frame.repeat(2)).await?,
            Fate::Becomes(bytes) => {
                to.write_all(&bytes).await?;
                if frames::is_close(&bytes) {
                    return Ok(true);
                }
            }
            Fate::ComesLater(after) => {
                let between = connection.lock().unwrap().between.clone();
                slip_later(between, Slip::frame(frame), after);
            }
            Fate::CutAfter(length, cut) => {
                to.write_all(&frame[..length.min(frame.len())]).await?;
                order(&|orders| orders.cut = Some(cut));
                return Ok(false);
            }
            Fate::StallsAfter(length) => {
                to.write_all(&frame[..length.min(frame.len())]).await?;
                order(&|orders| orders.set(Direction::Down, Flow::Swallow));
                return Ok(false);
            }
            Fate::Answered(_) => panic!("the server is not answered in its clients' stead"),
        }
    }
    Ok(false)
}

fn note_answer(connection: &Mutex<Connection>, upgraded: bool) {
    let mut connection = connection.lock().unwrap();
    connection.upgraded = upgraded;
    if !upgraded {
        connection.ear.is_over();
    }
}

/// `METHOD /path` when these bytes begin a request.
fn request_line(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == b'\r')?;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    let (request, _) = line.split_once(" HTTP/1.1")?;
    let (method, path) = request.split_once(' ')?;
    let plausible = method.bytes().all(|byte| byte.is_ascii_uppercase()) && path.starts_with('/');
    plausible.then(|| request.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_request_counts() {
        let request = b"POST /api/ticket HTTP/1.1\r\nHost: x\r\n\r\n";
        assert_eq!(request_line(request).as_deref(), Some("POST /api/ticket"));
        assert_eq!(request_line(b"{\"name\":\"GET / HTTP/1.1\r\"}"), None);
    }

    #[tokio::test]
    async fn a_path_passes_refuses_and_passes_again() {
        let site = crate::site::Site::start(&[("/", "here")]).await;
        let proxy = Proxy::start(site.address()).await;
        assert!(
            asks(&proxy)
                .await
                .is_some_and(|answer| answer.ends_with("here"))
        );
        proxy.refuse().await;
        assert_eq!(asks(&proxy).await, None);
        proxy.pass().await;
        proxy.refuse_talk();
        assert!(asks(&proxy).await.is_some(), "a page is no talk");
        assert_eq!(proxy.count("GET /"), 2);
    }

    async fn asks(proxy: &Proxy) -> Option<String> {
        let mut stream = TcpStream::connect(proxy.address).await.ok()?;
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    }
}
