//! The fault matrix: which rows there are, what a test program said of one, and
//! the table of them all.
//!
//! It does not know how a fault is made, nor what a bound should be: the row's
//! own test measures, judges and prints one line.

use std::fmt::Write as _;

/// Where a row is put to the test, one column each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rig {
    /// The core on a clock of its own.
    Simulation,
    /// Chromium, a path that breaks, and the real server.
    Browser,
    /// The same in WebKit.
    WebKit,
    /// The real server and clients that are no browsers.
    Server,
}

impl Rig {
    pub(crate) const ALL: [Self; 4] = [Self::Simulation, Self::Browser, Self::WebKit, Self::Server];

    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Simulation => "S",
            Self::Browser => "B",
            Self::WebKit => "W",
            Self::Server => "V",
        }
    }
}

/// One row of the matrix.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) number: u8,
    fault: &'static str,
    /// The letters of the rigs that must have run before the row counts as run:
    /// those of the matrix, and WebKit where its driver can do what the row does.
    rigs: &'static str,
}

impl Row {
    pub(crate) fn wants(&self, rig: Rig) -> bool {
        self.rigs.contains(rig.letter())
    }
}

const fn row(number: u8, fault: &'static str, rigs: &'static str) -> Row {
    Row {
        number,
        fault,
        rigs,
    }
}

pub(crate) const ROWS: [Row; 58] = [
    row(1, "FIN", "S B W"),
    row(2, "RST mid-frame", "S B W"),
    row(3, "black hole both ways, idle", "S B W"),
    row(4, "black hole, somebody sends", "S B W"),
    row(5, "black hole up only, down only", "S B"),
    row(6, "healed after 10 s, 2 min, 30 min", "B"),
    row(7, "healed, and `online`, show or tap", "B W"),
    row(8, "accepted, the upgrade never answered", "S B"),
    row(9, "200, 302, 401, 429, 502 instead of 101", "S B"),
    row(10, "blocked by policy: error without close", "B"),
    row(11, "2 s latency, 1 s jitter, 5 kB/s", "B"),
    row(12, "cut every 3 s while chatting", "S B W"),
    row(13, "online and offline lie", "S B W"),
    row(14, "captive portal: every answer HTML", "B"),
    row(15, "back-forward cache with an open socket", "B W"),
    row(16, "freeze and resume, 10 messages a second", "S B"),
    row(17, "hidden 10 min, timers throttled", "B W"),
    row(18, "hidden, dropped by the server, shown", "B W"),
    row(19, "laptop sleep", "B W"),
    row(20, "reload mid-send, at 12 points", "S B"),
    row(21, "page crash and SIGKILL mid-send", "B"),
    row(22, "closed with a full outbox, opened next day", "S B"),
    row(23, "clock jumps, stalled steady clock", "S B"),
    row(24, "stale visibility", "S B"),
    row(25, "2 to 5 tabs: freeze, crash, close, race", "S B"),
    row(26, "host's active: string, missing, twice", "S"),
    row(27, "graceful restart", "B W V"),
    row(28, "kill -9 during 2,000 messages/s, 100 times", "V"),
    row(29, "power loss at random points", "V"),
    row(30, "disk full, EIO on commit", "V"),
    row(31, "10,000 clients, kill and restart", "V"),
    row(32, "500 slow consumers", "V"),
    row(33, "server drops 1 frame in 1,000", "S V"),
    row(34, "stale-socket eviction", "S B"),
    row(35, "restore from yesterday's backup", "S B V"),
    row(36, "several servers: kill one, the bus, the store", "V"),
    row(37, "hint doubled, lost, out of order", "S V"),
    row(38, "invalid UTF-8, RSV, opcode, mask, long ping", "B"),
    row(39, "binary, empty, 10 MB, deep JSON, huge numbers", "S B"),
    row(40, "wrong-type JSON for every field", "S"),
    row(41, "unknown frame types and versions", "S"),
    row(42, "ack twice, reordered, late, unknown", "S"),
    row(43, "push twice, reordered, regress, jump", "S"),
    row(44, "history overlaps live, twice, lies, reversed", "S B"),
    row(45, "history HTML, 500, truncated, slow, 429", "S B"),
    row(46, "resumed with a hole inside", "S V"),
    row(47, "cursor ahead of head, epoch change", "S V"),
    row(48, "every close code", "S B"),
    row(
        49,
        "token expires, refresh fails, revoked, other user",
        "S B V",
    ),
    row(50, "accepts, then drops in under 1 s, for ever", "S B"),
    row(51, "permanent nack mid-queue, rate-limit storm", "S B"),
    row(52, "no database: missing, denied, blocked upgrade", "S B"),
    row(53, "quota exceeded on outbox, on cache", "S B W"),
    row(54, "database handle dies on resume", "S B W"),
    row(55, "corrupted or old row", "S B"),
    row(56, "crash between any two storage writes", "S"),
    row(57, "5,000 messages a second for 10 s", "B"),
    row(58, "100,000 messages, slow processor", "B"),
];

pub(crate) fn find(number: u8) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.number == number)
}

/// What one test said: `fault | 3 | B | figure | bound | held | tenth`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    row: u8,
    rig: String,
    figure: String,
    bound: String,
    held: bool,
    length: String,
}

impl Line {
    /// The harness may have begun the line with the test's name.
    fn read(line: &str) -> Option<Self> {
        let said = match line.strip_prefix("fault | ") {
            Some(said) => said,
            None => line.split_once(" ... fault | ")?.1,
        };
        let fields: Vec<&str> = said.split('|').map(str::trim).collect();
        let [row, rig, figure, bound, verdict, length] = fields.as_slice() else {
            return None;
        };
        let known = Rig::ALL.iter().any(|known| known.letter() == *rig);
        let held = match *verdict {
            "held" => true,
            "broken" => false,
            _ => return None,
        };
        let row: u8 = row.parse().ok()?;
        (known && find(row).is_some()).then(|| Self {
            row,
            rig: (*rig).to_owned(),
            figure: (*figure).to_owned(),
            bound: (*bound).to_owned(),
            held,
            length: (*length).to_owned(),
        })
    }

    fn cell(&self) -> String {
        let verdict = if self.held { "held" } else { "BROKEN" };
        format!(
            "{} ({}): {verdict}, {}",
            self.figure, self.bound, self.length
        )
    }
}

/// All that the test programs said.
#[derive(Default)]
pub(crate) struct Matrix {
    lines: Vec<Line>,
}

impl Matrix {
    /// Reads a line of a test program's output, whatever it is.
    pub(crate) fn hears(&mut self, line: &str) {
        self.lines.extend(Line::read(line));
    }

    pub(crate) fn broken(&self) -> usize {
        self.lines.iter().filter(|line| !line.held).count()
    }

    /// Each rig that the row names has said something.
    fn has_run(&self, row: &Row) -> bool {
        let mut wanted = Rig::ALL.iter().filter(|rig| row.wants(**rig));
        wanted.all(|rig| self.said(row, *rig).next().is_some())
    }

    fn said(&self, row: &Row, rig: Rig) -> impl Iterator<Item = &Line> {
        let number = row.number;
        self.lines
            .iter()
            .filter(move |line| line.row == number && line.rig == rig.letter())
    }

    fn cell(&self, row: &Row, rig: Rig) -> String {
        let said: Vec<String> = self.said(row, rig).map(Line::cell).collect();
        match (said.is_empty(), row.wants(rig)) {
            (false, _) => said.join("; "),
            (true, true) => "not tested".to_owned(),
            (true, false) => String::new(),
        }
    }

    /// The whole matrix, or the rows asked for, and a line that counts them.
    pub(crate) fn table(&self, only: Option<u8>) -> String {
        let mut table = String::from(
            "| row | fault | S | B | W | V |\n| --- | --- | --- | --- | --- | --- |\n",
        );
        let rows = || {
            ROWS.iter()
                .filter(|row| only.is_none_or(|only| only == row.number))
        };
        for row in rows() {
            let cells = Rig::ALL.map(|rig| self.cell(row, rig)).join(" | ");
            let _ = writeln!(table, "| {} | {} | {cells} |", row.number, row.fault);
        }
        let run = rows().filter(|row| self.has_run(row)).count();
        let _ = write!(
            table,
            "\n{run} of {} rows run on every rig they name; {} figures, {} broken",
            rows().count(),
            self.lines.len(),
            self.broken()
        );
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: &str =
        "fault | 3 | B | noticed 24.1 s after the path died | at most 28 s | held | tenth";

    #[test]
    fn the_rows_are_numbered_without_a_hole_and_name_rigs() {
        for (place, row) in ROWS.iter().enumerate() {
            assert_eq!(usize::from(row.number), place + 1, "{}", row.fault);
            let known = |word: &str| Rig::ALL.iter().any(|rig| rig.letter() == word);
            assert!(row.rigs.split(' ').all(known), "{row:?}");
            assert!(!row.fault.contains('|'), "{row:?}");
        }
    }

    #[test]
    fn a_line_is_read_also_after_the_tests_name() {
        let line = Line::read(HELD).expect("a line");
        assert_eq!((line.row, line.rig.as_str(), line.held), (3, "B", true));
        let named = format!("test faults::path::row_03_idle ... {HELD}");
        assert_eq!(Line::read(&named), Some(line));
    }

    #[test]
    fn what_is_no_line_of_the_matrix_is_passed_over() {
        for other in [
            "",
            "test faults::path::row_03_idle ... ok",
            "fault | 3 | B | a figure | a bound | held",
            "fault | 3 | Q | a figure | a bound | held | quick",
            "fault | 0 | B | a figure | a bound | held | quick",
            "fault | 59 | B | a figure | a bound | held | quick",
            "fault | 3 | B | a figure | a bound | perhaps | quick",
            "said of a fault | 3 | B | a figure | a bound | held | quick",
        ] {
            assert_eq!(Line::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_row_counts_when_each_of_its_rigs_has_run() {
        let mut matrix = Matrix::default();
        matrix.hears(HELD);
        let table = matrix.table(Some(3));
        assert!(table.contains("24.1 s after the path died (at most 28 s): held, tenth"));
        assert!(table.contains("| not tested |"), "{table}");
        assert!(table.contains("\n0 of 1 rows run"), "{table}");
        matrix.hears("fault | 3 | S | 27.9 s | at most 28 s | held | quick");
        matrix.hears("fault | 3 | W | 31.0 s | at most 28 s | broken | tenth");
        let table = matrix.table(Some(3));
        assert!(table.contains("\n1 of 1 rows run"), "{table}");
        assert!(table.contains("3 figures, 1 broken"), "{table}");
        assert!(table.contains("BROKEN"), "{table}");
        assert_eq!(matrix.broken(), 1);
    }

    #[test]
    fn the_whole_table_has_a_line_for_every_row() {
        let table = Matrix::default().table(None);
        let lines = table.lines().filter(|line| line.contains("not tested"));
        assert_eq!(lines.count(), ROWS.len());
    }
}
