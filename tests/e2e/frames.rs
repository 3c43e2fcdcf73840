//! Just enough of WebSocket to find where a frame ends, to slip one between
//! two others, and to read what a client says. Knows no links and no dialect.

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;

/// Holds back what is not yet a whole frame, so that another can go between.
#[derive(Default)]
pub(crate) struct Frames {
    pub(crate) upgraded: bool,
    kept: Vec<u8>,
}

impl Frames {
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
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
        while let Some(length) = length(&self.kept[whole..]) {
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
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let (header, payload) = shape(bytes)?;
    (bytes.len() >= header + payload).then_some(header + payload)
}

/// Where the payload of the frame at the front begins, and how long it is.
fn shape(bytes: &[u8]) -> Option<(usize, usize)> {
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

pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
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

/// As a client has to send it. The mask is no secret here.
pub(crate) fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = frame(opcode, payload);
    let header = frame.len() - payload.len();
    frame[1] |= 0x80;
    for (byte, mask) in frame[header..].iter_mut().zip(MASK.iter().cycle()) {
        *byte ^= mask;
    }
    frame.splice(header..header, MASK);
    frame
}

/// What a server's frame carries.
pub(crate) fn payload(frame: &[u8]) -> Option<&[u8]> {
    let (header, length) = shape(frame)?;
    frame.get(header..header + length)
}

/// What a client's text frame says.
pub(crate) fn unmasked(frame: &[u8]) -> Option<String> {
    let (header, length) = shape(frame)?;
    let mask = frame.get(header.checked_sub(4)?..header)?;
    let payload = frame.get(header..header + length)?;
    let plain = payload
        .iter()
        .zip(mask.iter().cycle())
        .map(|(byte, mask)| byte ^ mask);
    String::from_utf8(plain.collect()).ok()
}

/// Whether the frame at the front says that its sender is done.
pub(crate) fn is_close(frame: &[u8]) -> bool {
    frame.first().is_some_and(|first| first & 0x0f == CLOSE)
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
        assert_eq!(length(&masked), Some(8));
        assert_eq!(unmasked(&masked).as_deref(), Some("hi"));
        assert_eq!(length(&masked[..7]), None);
        for text in ["", "hello", &"x".repeat(70_000)] {
            let masked = super::masked(TEXT, text.as_bytes());
            assert_eq!(length(&masked), Some(masked.len()));
            assert_eq!(unmasked(&masked).as_deref(), Some(text));
        }
    }
}
