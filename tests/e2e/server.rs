//! The real server, as a process of its own on a port and a data folder that
//! it keeps over its death. Knows its command line and nothing of its inside.

use std::net::SocketAddr;
use std::time::Duration;

use crate::folder::Folder;
use crate::process::Process;
use crate::settings;

const DATABASE: &str = "parlance.db";

const START_DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    process: Process,
    address: SocketAddr,
    data: Folder,
    flags: Vec<String>,
}

impl Server {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let data = Folder::new("data");
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let (process, address) = launch("127.0.0.1:0", &data, &flags);
        Self {
            process,
            address,
            data,
            flags,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// As `kill -9`: nothing is said to anybody.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// As an administrator's SIGTERM: it may say goodbye.
    pub(crate) fn terminate(&mut self) {
        self.process.terminate();
    }

    /// A copy of its database, while it is down.
    pub(crate) fn copied(&self) -> Folder {
        let copy = Folder::new("copy");
        let copied = std::fs::copy(self.data.path().join(DATABASE), copy.path().join(DATABASE));
        copied.unwrap_or_else(|error| panic!("cannot copy the data: {error}"));
        copy
    }

    /// Its database is this copy again.
    pub(crate) fn put_back(&self, copy: &Folder) {
        let put = std::fs::copy(copy.path().join(DATABASE), self.data.path().join(DATABASE));
        put.unwrap_or_else(|error| panic!("cannot put the data back: {error}"));
    }

    /// The same port and the same data.
    pub(crate) fn restart(&mut self) {
        self.process.kill();
        let listen = self.address.to_string();
        let (process, address) = launch(&listen, &self.data, &self.flags);
        assert_eq!(address, self.address, "the server came back elsewhere");
        self.process = process;
    }
}

fn launch(listen: &str, data: &Folder, flags: &[String]) -> (Process, SocketAddr) {
    let mut arguments = vec![
        "--listen".to_owned(),
        listen.to_owned(),
        "--data".to_owned(),
        data.path().display().to_string(),
        "--guests".to_owned(),
    ];
    if !flags.iter().any(|flag| flag == "--dist") {
        arguments.extend(["--dist".to_owned(), settings::dist()]);
    }
    arguments.extend_from_slice(flags);
    let process = Process::start(&settings::server(), &arguments, &[]);
    let address = process.wait_for_line(START_DEADLINE, |line| {
        line.strip_prefix("listening on http://")?
            .trim()
            .parse()
            .ok()
    });
    (process, address)
}
