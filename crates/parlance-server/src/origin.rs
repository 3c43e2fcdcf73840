//! Origins: which page a request comes from, compared as a whole and exactly.
//!
//! Knows nothing of who is asking: a right origin is no credential.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// `scheme://host` or `scheme://host:port`, in lower case, without the
/// scheme's own port, as browsers write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    secure: bool,
    host: String,
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not an origin such as https://chat.example");
        let (scheme, host) = text.split_once("://").ok_or_else(wrong)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return Err(wrong()),
        };
        let host = host.strip_suffix('/').unwrap_or(host).to_ascii_lowercase();
        let default_port = if secure { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(&host).to_owned();
        if !is_host(&host) {
            return Err(wrong());
        }
        Ok(Self { secure, host })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.host)
    }
}

impl Origin {
    /// The origin of a page that this host serves.
    pub fn of_host(secure: bool, host: &str) -> Option<Self> {
        let scheme = if secure { "https" } else { "http" };
        format!("{scheme}://{host}").parse().ok()
    }

    /// Whether it is reached over TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether this is what a browser wrote into `Origin`. No pattern, no
    /// suffix: the text itself.
    pub fn is(&self, header: &str) -> bool {
        self.to_string() == header
    }

    /// Whether its pages come from this computer.
    pub fn is_loopback(&self) -> bool {
        let name = match self.host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => name,
            _ => &self.host,
        };
        let address = name.trim_start_matches('[').trim_end_matches(']');
        name == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The same host for WebSockets, as a policy wants it said.
    pub fn socket(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}", self.host)
    }
}

/// Whether this can stand in a `Host` header and in a policy without being
/// anything else: a name or address, perhaps with a port.
pub fn is_host(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    !name.is_empty()
        && text.len() <= 255
        && text.bytes().all(allowed)
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_compared_as_a_whole() {
        let origin: Origin = "https://chat.example".parse().unwrap();
        assert!(origin.is("https://chat.example"));
        for header in [
            "http://chat.example",
            "https://chat.example:8443",
            "https://evil-chat.example",
            "https://chat.example.evil",
            "https://chat.example/",
            "https://chat.example@evil",
            "null",
            "",
        ] {
            assert!(!origin.is(header), "{header:?}");
        }
    }

    #[test]
    fn this_computer_has_a_few_names() {
        for text in [
            "http://localhost",
            "http://localhost:8080",
            "https://127.0.0.1:4000",
            "http://127.8.8.8",
            "http://[::1]:4000",
            "http://[::1]",
        ] {
            assert!(text.parse::<Origin>().unwrap().is_loopback(), "{text}");
        }
        for text in [
            "http://localhost.evil",
            "http://evil-localhost",
            "http://127.0.0.1.evil:80",
            "http://10.0.0.1",
            "http://[::2]",
        ] {
            assert!(!text.parse::<Origin>().unwrap().is_loopback(), "{text}");
        }
    }

    #[test]
    fn the_schemes_own_port_is_left_out() {
        let origin: Origin = "HTTPS://Chat.Example:443/".parse().unwrap();
        assert_eq!(origin.to_string(), "https://chat.example");
        assert_eq!(origin.socket(), "wss://chat.example");
        let origin: Origin = "ws://[::1]:4000".parse().unwrap();
        assert_eq!(origin.to_string(), "http://[::1]:4000");
    }

    #[test]
    fn what_is_not_an_origin_is_refused() {
        for text in [
            "chat.example",
            "ftp://x",
            "https://",
            "https://a b",
            "https://a;b",
            "https://a/b",
            "https://a:port",
            "https://*",
            "null",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text:?}");
        }
    }
}
