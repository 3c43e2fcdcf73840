//! The program itself: its command line, its first line, its end.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::rig::{Client, soon, words};

/// A server process.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Starts one on this data and waits for its first line.
    pub(crate) async fn start(data: &Path, more: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", data, more).await
    }

    /// The same, at this address.
    pub(crate) async fn start_at(listen: &str, data: &Path, more: &[&str]) -> Self {
        Self::run(command(), listen, data, more).await
    }

    /// The same, by a command that ends in the program: something may stand
    /// before it, and look on.
    pub(crate) async fn run(mut by: Command, listen: &str, data: &Path, more: &[&str]) -> Self {
        let mut child = by
            .args(["--listen", listen, "--guests", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = soon("the first line", lines.next_line()).await.unwrap();
        let Some(line) = line else {
            let mut said = String::new();
            let mut stderr = child.stderr.take().unwrap();
            stderr.read_to_string(&mut said).await.unwrap();
            panic!("the program did not start: {said}");
        };
        let address = line.strip_prefix("listening on http://").unwrap();
        Self {
            address: address.parse().unwrap(),
            child,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::of(self.address)
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let status = std::process::Command::new("kill")
            .args([name, &pid])
            .status();
        assert!(status.unwrap().success());
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance-server"));
    // Not where a front end may lie beside it.
    command.current_dir(std::env::temp_dir());
    command.kill_on_drop(true);
    command
}

async fn run(arguments: &[&str]) -> Output {
    soon("the program's end", command().args(arguments).output())
        .await
        .unwrap()
}

/// Its one line of complaint.
fn complaint(output: &Output) -> String {
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    let line = text.strip_prefix("parlance-server: ").unwrap();
    line.trim_end().to_owned()
}

#[tokio::test]
async fn bad_options_get_one_line_and_exit_2() {
    for (arguments, word) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["--listen", "everywhere"], "everywhere"),
        (&["--listen", "127.0.0.1:99999"], "99999"),
        (&["--origin", "chat.example"], "not an origin"),
        (&["--origin", "https://chat.example/path"], "not an origin"),
        (&["--backend", "*"], "not an origin"),
        (
            &["--frame-ancestor", "https://a; script-src *"],
            "not an origin",
        ),
        (&["--gateway", "jim,jam"], "jam"),
        (&["--rate", "0"], "--rate"),
        (&["--ping-ms", "soon"], "soon"),
        (&["--log", "a=b=c"], "--log"),
        (&["stray"], "stray"),
        (&["token"], "--user"),
        (&["token", "--user", "a", "--ttl", "forever"], "forever"),
    ] {
        let output = run(arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {output:?}");
        let line = complaint(&output);
        assert!(line.contains(word), "{arguments:?}: {line}");
    }
}

#[tokio::test]
async fn what_cannot_be_used_gets_one_line_and_exit_1() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let file = path("file");
    std::fs::write(&file, "x").unwrap();
    let under_file = format!("{file}/data");
    let foreign = path("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(
        format!("{foreign}/parlance.db"),
        "this is not a database at all",
    )
    .unwrap();
    let other = path("other");
    std::fs::create_dir(&other).unwrap();
    rusqlite::Connection::open(format!("{other}/parlance.db"))
        .unwrap()
        .execute_batch("CREATE TABLE cats (name TEXT)")
        .unwrap();
    let newer = path("newer");
    drop(crate::store::open(Path::new(&newer)));
    rusqlite::Connection::open(format!("{newer}/parlance.db"))
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let short = path("short");
    std::fs::write(&short, "secret").unwrap();
    let (fresh, nothing) = (path("fresh"), path("nothing"));
    for (arguments, word) in [
        (vec!["--data", &under_file], "data folder"),
        (vec!["--data", &file], "data folder"),
        (vec!["--data", &foreign], "not a database"),
        (vec!["--data", &other], "not one of parlance-server's"),
        (vec!["restored", "--data", &nothing], "no parlance.db"),
        (
            vec!["--data", &newer],
            "newer parlance-server (schema 99, this one knows",
        ),
        (
            vec!["--data", &fresh, "--secret-file", &short],
            "at least 32 are needed",
        ),
        (
            vec!["--data", &fresh, "--secret-file", "/nowhere/secret"],
            "secret file",
        ),
        (
            vec!["--data", &fresh, "--dist", "/nowhere/dist"],
            "front end",
        ),
        (vec!["--data", &fresh, "--dist", &fresh], "index.html"),
        (
            vec!["--data", &fresh, "--listen", "192.0.2.1:80"],
            "192.0.2.1:80",
        ),
    ] {
        let output = run(&arguments).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?} {output:?}");
        let line = complaint(&output);
        assert!(line.contains(word), "{arguments:?}: {line}");
    }
}

#[tokio::test]
async fn two_servers_do_not_share_a_folder() {
    let folder = TempDir::new().unwrap();
    let first = Program::start(folder.path(), &[]).await;
    let output = run(&[
        "--listen",
        "127.0.0.1:0",
        "--data",
        folder.path().to_str().unwrap(),
    ])
    .await;
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("in use by another parlance-server"));
    assert_eq!(first.client().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn every_option_is_explained() {
    let output = run(&["--help"]).await;
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for option in [
        "--listen",
        "--data",
        "--dist",
        "--gateway",
        "--guests",
        "--origin",
        "--backend",
        "--frame-ancestor",
        "--read-only",
        "--trusted-hops",
        "--rate",
        "--burst",
        "--ip-rate",
        "--handshakes",
        "--ping-ms",
        "--secret-file",
        "--log",
        "--help",
        "--version",
        "token",
    ] {
        let line = text
            .lines()
            .position(|line| line.starts_with("  ") && line.contains(option));
        let line = line.unwrap_or_else(|| panic!("{option} in\n{text}"));
        let said = text
            .lines()
            .skip(line)
            .take(2)
            .collect::<Vec<_>>()
            .join(" ");
        assert!(said.split_whitespace().count() > 3, "{said}");
    }
    assert!(run(&["--version"]).await.status.success());
    assert!(run(&["token", "--help"]).await.status.success());
}

#[tokio::test]
async fn the_program_prints_tokens_that_its_server_believes() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("not/there/yet");
    let path = data.to_str().unwrap();
    let output = run(&[
        "token", "--user", "alice", "--name", "Alice", "--host", "--ttl", "1h", "--data", path,
    ])
    .await;
    assert!(output.status.success(), "{output:?}");
    let token = String::from_utf8(output.stdout).unwrap();
    let program = Program::start(&data, &["--gateway", "all"]).await;
    let peer = program.client().bearing(token.trim()).online().await;
    assert_eq!(peer.welcome["me"]["uid"], "alice");
    assert_eq!(peer.welcome["me"]["name"], "Alice");
    assert_eq!(peer.welcome["me"]["host"], true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(data.join("secret"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let output = run(&["token", "--user", "a\nb", "--data", path]).await;
    assert_eq!(output.status.code(), Some(1));
    complaint(&output);
}

#[tokio::test]
async fn asked_to_end_it_says_goodbye_and_ends_with_everything_kept() {
    for signal in ["-TERM", "-INT"] {
        let folder = TempDir::new().unwrap();
        let mut program =
            Program::start(folder.path(), &["--rate", "1000", "--burst", "1000"]).await;
        let mut alice = program.client().person("alice").await;
        alice.open("room:lobby").await;
        let mut silent = program.client().person("silent").await;
        for number in 0..100 {
            alice
                .post("room:lobby", &format!("{signal}{number}"), words("x"))
                .await;
        }
        alice.answer_to(&format!("{signal}0")).await;
        let asked = Instant::now();
        program.signal(signal);
        let (code, reason) = alice.closed().await;
        assert_eq!((code, reason.as_str()), (1012, ""));
        let bye = alice.wait("bye").await;
        assert!(bye["retry_ms"].as_u64().unwrap() <= 1000, "{bye}");
        assert_eq!(silent.closed().await.0, 1012);
        let status = soon("the end", program.child.wait()).await.unwrap();
        assert_eq!(status.code(), Some(0));
        assert!(
            asked.elapsed() < Duration::from_secs(3),
            "{:?}",
            asked.elapsed()
        );
        let acked: Vec<_> = alice
            .kept
            .iter()
            .filter(|frame| frame["t"] == "ack")
            .collect();
        let program = Program::start(folder.path(), &[]).await;
        let mut later = program.client().person("alice").await;
        let page = later
            .fill(serde_json::json!({"conv": "room:lobby", "limit": 200}))
            .await;
        let kept = page["msgs"].as_array().unwrap();
        assert!(kept.len() > acked.len());
        for ack in acked {
            assert!(
                kept.iter().any(|message| message["cid"] == ack["cid"]),
                "{ack}"
            );
        }
    }
}

#[tokio::test]
async fn the_log_has_no_secrets_no_words_and_no_forged_lines() {
    let folder = TempDir::new().unwrap();
    let mut program = Program::start(folder.path(), &["--log", "trace"]).await;
    let client = program.client();
    let answer = client.post("/api/guest", r#"{"name":"Zoe"}"#).await;
    let cookie = answer
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let secret = cookie.split_once('=').unwrap().1.to_owned();
    let ticket = client.with("cookie", cookie).ticket().await;
    let mut peer = client.dial().await.unwrap();
    peer.hello(&ticket).await;
    peer.wait("welcome").await;
    peer.open("room:lobby").await;
    peer.talk("room:lobby", "between-you-and-me").await;
    let signed = crate::rig::token(&folder, "alice", false, Duration::from_secs(60));
    let _alice = client.bearing(&signed).online().await;
    let mut used = client.dial().await.unwrap();
    used.hello(&ticket).await;
    assert_eq!(used.closed().await.0, 4500);
    let foreign = client.from("https://evil.example");
    assert_eq!(foreign.dial().await.err(), Some(403));
    let evil = "https://evil.example\u{1b}[31m\tINFO forged";
    let foreign = client.with("x-origin", "").from(evil);
    let mut stream = std::net::TcpStream::connect(program.address).unwrap();
    write!(
        stream,
        "GET /ws HTTP/1.1\r\nhost: {}\r\norigin: {}\r\n\r\n",
        program.address, foreign.origin
    )
    .unwrap();
    client
        .bearing(&format!("{signed}x"))
        .post("/api/ticket", "")
        .await;
    program.signal("-TERM");
    let mut log = Vec::new();
    let mut stderr = program.child.stderr.take().unwrap();
    soon("the log", stderr.read_to_end(&mut log)).await.unwrap();
    let log = String::from_utf8(log).unwrap();
    assert!(
        log.contains("a guest came") && log.contains("a ticket was refused"),
        "{log}"
    );
    // Whose it was and where it came from, to look for later.
    for (what, fields) in [
        ("a guest came", vec!["uid=\"g-", "address=127.0.0.1"]),
        ("a ticket was refused", vec!["origin=\"http://127.0.0.1:"]),
        (
            "a foreign origin was refused",
            vec!["origin=\"https://evil.example\"", "address=127.0.0.1"],
        ),
        (
            "no ticket was given",
            vec!["address=127.0.0.1", "bad_token"],
        ),
    ] {
        let line = log.lines().find(|line| line.contains(what));
        let line = line.unwrap_or_else(|| panic!("{what} in\n{log}"));
        for field in fields {
            assert!(line.contains(field), "{field} in {line}");
        }
    }
    let (_, signature) = signed.rsplit_once('.').unwrap();
    for word in [&secret, &ticket, &signed, signature, "between-you-and-me"] {
        assert!(!log.contains(word), "{word} in\n{log}");
    }
    assert!(!log.contains('\u{1b}'), "{log}");
    for line in log.lines() {
        assert!(line.starts_with("20"), "{line:?} is not a line of ours");
    }
}
