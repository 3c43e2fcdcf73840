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

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;

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
    frames: mpsc::UnboundedSender<Vec<u8>>,
    upgraded: bool,
}

/// Takes a client's message out of the link and says what to answer instead.
type Trap = Box<dyn FnMut(&str) -> Option<String> + Send>;

#[derive(Default)]
struct Shared {
    connections: Vec<Arc<Mutex<Connection>>>,
    requests: Vec<String>,
    /// How new connections are held, if they are.
    new: Option<Direction>,
    refuse_talk: bool,
    trap: Option<Trap>,
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
        answer: impl FnMut(&str) -> Option<String> + Send + 'static,
    ) {
        self.shared.lock().unwrap().trap = Some(Box::new(answer));
    }

    /// Puts a frame from the "server" between two others, on every link.
    fn inject(&self, opcode: u8, payload: &[u8]) {
        let frame = frame(opcode, payload);
        self.each(|connection| {
            if connection.upgraded {
                let _ = connection.frames.send(frame.clone());
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
        if let Some(accepting) = self.accepting.lock().unwrap().take() {
            accepting.abort();
        }
        self.cut(Cut::Reset);
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
    let (frames, injected) = mpsc::unbounded_channel();
    let connection = Arc::new(Mutex::new(Connection {
        orders,
        frames,
        upgraded: false,
    }));
    all.connections.push(Arc::clone(&connection));
    drop(all);
    tokio::spawn(carry(
        client,
        target,
        watched,
        injected,
        connection,
        Arc::clone(shared),
    ));
}

async fn carry(
    mut client: TcpStream,
    target: SocketAddr,
    mut watched: watch::Receiver<Orders>,
    injected: mpsc::UnboundedReceiver<Vec<u8>>,
    connection: Arc<Mutex<Connection>>,
    shared: Arc<Mutex<Shared>>,
) {
    let Ok(mut server) = TcpStream::connect(target).await else {
        // The server is down: so is the path to it, and at once.
        let _ = client.set_zero_linger();
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (client_read, client_write) = client.split();
    let (server_read, server_write) = server.split();
    let up = carry_up(
        client_read,
        server_write,
        watched.clone(),
        Arc::clone(&connection),
        shared,
    );
    let down = carry_down(
        server_read,
        client_write,
        watched.clone(),
        injected,
        connection,
    );
    let reset = tokio::select! {
        cut = ordered_cut(&mut watched) => cut == Cut::Reset,
        ended = async { tokio::try_join!(up, down) } => ended.is_err(),
    };
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
    let mut kept = Vec::new();
    loop {
        let flow = watched.borrow_and_update().up;
        tokio::select! {
            changed = watched.changed() => if changed.is_err() { return Ok(()) },
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
                if connection.lock().unwrap().upgraded {
                    kept.extend_from_slice(&buffer[..taken]);
                    while let Some(length) = frame_length(&kept) {
                        let frame: Vec<u8> = kept.drain(..length).collect();
                        if !trapped(&frame, &shared, &connection) {
                            to.write_all(&frame).await?;
                        }
                    }
                    continue;
                }
                if let Some(request) = request_line(&buffer[..taken]) {
                    let talk = request.contains(" /ws") || request.contains(" /api/");
                    let mut shared = shared.lock().unwrap();
                    if shared.refuse_talk && talk {
                        return Err(std::io::ErrorKind::ConnectionRefused.into());
                    }
                    shared.requests.push(request);
                }
                to.write_all(&buffer[..taken]).await?;
            }
        }
    }
}

fn trapped(bytes: &[u8], shared: &Arc<Mutex<Shared>>, connection: &Arc<Mutex<Connection>>) -> bool {
    let mut shared = shared.lock().unwrap();
    let Some(trap) = shared.trap.as_mut() else {
        return false;
    };
    let Some(answer) = unmasked(bytes).as_deref().and_then(trap) else {
        return false;
    };
    shared.trap = None;
    let _ = connection
        .lock()
        .unwrap()
        .frames
        .send(frame(TEXT, answer.as_bytes()));
    true
}

/// What a client's text frame says.
fn unmasked(frame: &[u8]) -> Option<String> {
    let (header, length) = frame_shape(frame)?;
    let mask = frame.get(header.checked_sub(4)?..header)?;
    let payload = frame.get(header..header + length)?;
    let plain = payload
        .iter()
        .zip(mask.iter().cycle())
        .map(|(byte, mask)| byte ^ mask);
    String::from_utf8(plain.collect()).ok()
}

async fn carry_down(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut watched: watch::Receiver<Orders>,
    mut injected: mpsc::UnboundedReceiver<Vec<u8>>,
    connection: Arc<Mutex<Connection>>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut frames = Frames::default();
    loop {
        let flow = watched.borrow_and_update().down;
        tokio::select! {
            changed = watched.changed() => if changed.is_err() { return Ok(()) },
            Some(frame) = injected.recv(), if flow == Flow::Pass => {
                to.write_all(&frame).await?;
                if frame[0] == 0x80 | CLOSE {
                    // Nothing comes after a close, the server's own included.
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
                let whole = frames.take(&buffer[..taken]);
                if frames.upgraded {
                    connection.lock().unwrap().upgraded = true;
                }
                to.write_all(&whole).await?;
            }
        }
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

/// Holds back what is not yet a whole frame, so that another can go between.
#[derive(Default)]
struct Frames {
    upgraded: bool,
    kept: Vec<u8>,
}

impl Frames {
    fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        if !self.upgraded {
            let Some(rest) = end_of_upgrade(bytes) else {
                return bytes.to_vec();
            };
            self.upgraded = true;
            let (head, rest) = bytes.split_at(rest);
            let mut out = head.to_vec();
            out.extend(self.take(rest));
            return out;
        }
        self.kept.extend_from_slice(bytes);
        let mut whole = 0;
        while let Some(length) = frame_length(&self.kept[whole..]) {
            whole += length;
        }
        self.kept.drain(..whole).collect()
    }
}

/// Where the first frame begins, if these bytes are the answer that upgrades.
fn end_of_upgrade(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(b"HTTP/1.1 101") {
        return None;
    }
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(end + 4)
}

/// The length of the whole frame at the front, if it is all there.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let (header, payload) = frame_shape(bytes)?;
    (bytes.len() >= header + payload).then_some(header + payload)
}

/// Where the payload of the frame at the front begins, and how long it is.
fn frame_shape(bytes: &[u8]) -> Option<(usize, usize)> {
    let second = *bytes.get(1)?;
    let (header, payload) = match second & 0x7f {
        126 => (
            4,
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        short => (2, usize::from(short)),
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    Some((header + mask, payload))
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..=125 => frame.push(short as u8),
        middle @ 126..=65_535 => {
            frame.push(126);
            frame.extend((middle as u16).to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_let_through_only_when_it_is_whole() {
        let mut frames = Frames::default();
        let head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
        let small = frame(1, b"small");
        let large = frame(1, &[b'x'; 70_000]);
        let mut first = head.to_vec();
        first.extend(&small);
        first.extend(&large[..10]);
        let mut through = frames.take(&first);
        assert!(frames.upgraded);
        assert_eq!(through, [head.as_slice(), &small].concat());
        through.extend(frames.take(&large[10..69_000]));
        assert_eq!(through.len(), head.len() + small.len());
        through.extend(frames.take(&large[69_000..]));
        assert_eq!(through, [head.as_slice(), &small, &large].concat());
    }

    #[test]
    fn what_is_no_upgrade_passes_as_it_is() {
        let mut frames = Frames::default();
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes";
        assert_eq!(frames.take(answer), answer);
        assert!(!frames.upgraded);
    }

    #[test]
    fn a_masked_frame_is_read() {
        let masked = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
        assert_eq!(frame_length(&masked), Some(8));
        assert_eq!(unmasked(&masked).as_deref(), Some("hi"));
        assert_eq!(frame_length(&masked[..7]), None);
    }

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
