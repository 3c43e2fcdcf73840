//! Who somebody is: signed tokens, guests' cookies, and the tickets that
//! carry an identity from HTTP onto a socket.
//!
//! Knows nothing of what an identity may do: that is decided frame by frame
//! in `peer.rs`. Secrets are held in types that do not print them.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parlance_core::ids::Uid;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock;
use crate::error::Error;
use crate::lock;
use crate::random;
use crate::store::{Millis, Person, SecretHash};

/// Whom a token must be meant for.
const AUDIENCE: &str = "parlance";

/// How far two clocks may differ.
const LEEWAY_SECONDS: u64 = 30;

/// The least that a signing secret may have.
const SECRET_BYTES: usize = 32;

/// The longest uid and name, in characters.
pub const NAME_CHARS: usize = 64;

/// Somebody whose credential was believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub person: Person,
    /// When the credential runs out; `None`: it does not.
    pub expires: Option<Millis>,
    /// Of a signed token what is kept of it when somebody signs out with it.
    pub token: Option<SecretHash>,
}

impl Identity {
    /// Whether a signed token says so, and not only the person: those run out.
    pub fn is_signed(&self) -> bool {
        self.expires.is_some()
    }
}

/// Why a credential was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disbelief {
    /// It is none of ours, or damaged.
    Bad,
    /// It was good once.
    Expired,
}

/// What a signed token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    host: bool,
    exp: i64,
    aud: String,
}

/// Signs tokens, and believes those that it signed.
pub struct Tokens {
    secret: SecretSlice<u8>,
    validation: Validation,
}

impl Tokens {
    /// With the secret in this file, which is made when `create` is said and
    /// it is not there.
    pub fn open(path: &Path, create: bool) -> Result<Self, Error> {
        let wrong = |why: String| Error::Secret(path.to_owned(), why);
        if create && !path.exists() {
            write_secret(path).map_err(|error| wrong(error.to_string()))?;
        }
        let secret = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        if secret.len() < SECRET_BYTES {
            return Err(wrong(format!(
                "it has {} bytes, at least {SECRET_BYTES} are needed",
                secret.len()
            )));
        }
        Ok(Self::new(secret.into()))
    }

    fn new(secret: SecretSlice<u8>) -> Self {
        // An error says that it was done before, perhaps by another server in
        // this process: it is the same provider.
        let _ = HS256.install_default();
        // The algorithm is pinned here: what a token's header says is only
        // compared with it. Keys in the header are never looked at.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        Self { secret, validation }
    }

    /// A token that names this person.
    pub fn sign(&self, person: &Person, ttl: Duration) -> Result<SecretString, Error> {
        if !is_uid(person.uid.as_str()) {
            return Err(Error::Token(format!(
                "a uid has 1 to {NAME_CHARS} characters and no control characters"
            )));
        }
        if !is_name(&person.name) {
            return Err(Error::Token(format!(
                "a name has 1 to {NAME_CHARS} characters and no control characters"
            )));
        }
        let ttl = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX / 2);
        let claims = Claims {
            sub: person.uid.as_str().to_owned(),
            name: Some(person.name.clone()),
            avatar: person.avatar.clone(),
            host: person.host,
            exp: clock::unix_millis() / 1000 + ttl,
            aud: AUDIENCE.to_owned(),
        };
        let key = EncodingKey::from_secret(self.secret.expose_secret());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
            .map(SecretString::from)
            .map_err(|error| Error::Token(error.to_string()))
    }

    /// Whom this token names.
    pub fn believe(&self, token: &str) -> Result<Identity, Disbelief> {
        let key = DecodingKey::from_secret(self.secret.expose_secret());
        let data = jsonwebtoken::decode::<Claims>(token, &key, &self.validation);
        let claims = match data {
            Ok(data) => data.claims,
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => {
                return Err(Disbelief::Expired);
            }
            Err(_) => return Err(Disbelief::Bad),
        };
        let name = claims.name.unwrap_or_else(|| claims.sub.clone());
        if !is_uid(&claims.sub) || !is_name(&name) {
            return Err(Disbelief::Bad);
        }
        Ok(Identity {
            person: Person {
                uid: Uid::new(claims.sub),
                name,
                avatar: claims.avatar.filter(|avatar| avatar.len() <= 2048),
                host: claims.host,
                seen: None,
            },
            // The leeway holds here too, and a second more, as tokens are
            // judged by whole seconds: a link ends when its token would not be
            // believed again, or the client would come back with it in a loop.
            expires: Some(
                claims
                    .exp
                    .saturating_add(LEEWAY_SECONDS.cast_signed() + 1)
                    .saturating_mul(1000),
            ),
            token: Some(hash(token)),
        })
    }
}

fn write_secret(path: &Path) -> std::io::Result<()> {
    let secret = random::bytes::<48>().map_err(std::io::Error::other)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // Text, so that it can be copied into another program's settings.
    let text = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, secret);
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// HMAC-SHA-256 and nothing else: the library's own providers bring RSA and
/// elliptic curves, which a server that pins HS256 would carry for nothing.
static HS256: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Hs256::new(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Hs256::new(*algorithm, key.try_get_as_bytes()?)?))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self, JwtError> {
        if algorithm != Algorithm::HS256 {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        Hmac::new_from_slice(key)
            .map(Self)
            .map_err(|_| ErrorKind::InvalidKeyFormat.into())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let mut mac = self.0.clone();
        mac.update(message);
        Ok(mac.finalize().into_bytes().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let mut mac = self.0.clone();
        mac.update(message);
        // In constant time.
        mac.verify_slice(signature)
            .map_err(SignatureError::from_source)
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

/// Whom a token that is not a signed one names, on a server that lets anybody
/// in by name. Never a guest: they have a secret of their own to prove it.
pub fn named(token: &str) -> Result<Identity, Disbelief> {
    if !is_uid(token) || !is_name(token) || token.contains('.') || token.starts_with(GUEST_PREFIX) {
        return Err(Disbelief::Bad);
    }
    Ok(Identity {
        person: Person {
            uid: Uid::new(token),
            name: token.to_owned(),
            avatar: None,
            host: false,
            seen: None,
        },
        expires: None,
        token: None,
    })
}

/// What a guest's uid begins with.
pub const GUEST_PREFIX: &str = "g-";

/// A new guest of this name, and the secret that is them from now on.
pub fn new_guest(name: &str) -> Result<(Person, SecretString), Error> {
    let person = Person {
        uid: Uid::new(format!("{GUEST_PREFIX}{}", random::digits::<12>()?)),
        name: name.to_owned(),
        avatar: None,
        host: false,
        seen: None,
    };
    Ok((person, SecretString::from(random::text::<24>()?)))
}

/// What is kept of a secret.
pub fn hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether this can be somebody's name: something to see, no control
/// characters, none that turn the direction of the text around it.
pub fn is_name(text: &str) -> bool {
    is_uid(text) && text.trim() == text && text.chars().any(|letter| !is_blank(letter))
}

/// Whether this can be a uid.
pub fn is_uid(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= NAME_CHARS
        && !text
            .chars()
            .any(|letter| letter.is_control() || turns(letter))
}

pub(crate) fn turns(letter: char) -> bool {
    matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
                | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        )
}

/// Tickets that may be out at once. Each lives for seconds; more than that is
/// somebody filling the memory.
const TICKETS: usize = 100_000;

/// What lets one socket in, once.
#[derive(Clone, Debug)]
struct Ticket {
    identity: Identity,
    origin: String,
    agent: String,
    good_until: Instant,
}

/// The tickets that are out.
#[derive(Debug)]
pub struct Tickets {
    ttl: Duration,
    // By hash, so that finding one takes as long whatever was guessed. The
    // lock is held for one look-up.
    out: Mutex<HashMap<SecretHash, Ticket>>,
}

impl Tickets {
    /// None are out.
    pub fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            out: Mutex::default(),
        }
    }

    /// How long each is good.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// A ticket for this person, on this page, in this browser. `None` when
    /// too many are out.
    pub fn issue(
        &self,
        identity: Identity,
        origin: &str,
        agent: &str,
    ) -> Result<Option<SecretString>, Error> {
        let secret = random::text::<24>()?;
        let now = Instant::now();
        let mut out = lock(&self.out);
        if out.len() >= TICKETS {
            out.retain(|_, ticket| ticket.good_until > now);
        }
        if out.len() >= TICKETS {
            return Ok(None);
        }
        out.insert(
            hash(&secret),
            Ticket {
                identity,
                origin: origin.to_owned(),
                agent: agent.to_owned(),
                good_until: now + self.ttl,
            },
        );
        Ok(Some(SecretString::from(secret)))
    }

    /// Takes a ticket. It is gone, whether it lets anybody in or not.
    pub fn redeem(&self, secret: &str, origin: &str, agent: &str) -> Option<Identity> {
        let hashed = hash(secret);
        let (kept, ticket) = lock(&self.out).remove_entry(&hashed)?;
        let same = kept.ct_eq(&hashed)
            & ticket.origin.as_bytes().ct_eq(origin.as_bytes())
            & ticket.agent.as_bytes().ct_eq(agent.as_bytes());
        (bool::from(same) && ticket.good_until > Instant::now()).then_some(ticket.identity)
    }

    /// Takes back every ticket of this person, who has signed out.
    pub fn revoke(&self, uid: &Uid) {
        lock(&self.out).retain(|_, ticket| ticket.identity.person.uid != *uid);
    }

    /// Forgets those that are too old.
    pub fn sweep(&self) {
        let now = Instant::now();
        lock(&self.out).retain(|_, ticket| ticket.good_until > now);
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn tokens() -> Tokens {
        Tokens::new(vec![7; 32].into())
    }

    /// A token made by hand, so that it may say what ours never do.
    fn made(header: &serde_json::Value, claims: &serde_json::Value, key: &[u8]) -> String {
        let said = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(said.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("{said}.{signature}")
    }

    #[test]
    fn only_our_own_tokens_are_believed() {
        let tokens = tokens();
        let now = clock::unix_millis() / 1000;
        let hs256 = json!({"alg": "HS256", "typ": "JWT"});
        let good = json!({"sub": "alice", "exp": now + 60, "aud": "parlance"});
        let with = |name: &str, value: serde_json::Value| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        let without = |name: &str| {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(name);
            claims
        };
        let ours = [7; 32];
        let believed = tokens.believe(&made(&hs256, &good, &ours)).unwrap();
        assert_eq!(believed.person.uid, Uid::new("alice"));
        assert_eq!(believed.person.name, "alice");
        assert!(!believed.person.host);
        let late = with("exp", json!(now - 20));
        assert!(
            tokens.believe(&made(&hs256, &late, &ours)).is_ok(),
            "clocks may differ by 30 s"
        );
        let expired = with("exp", json!(now - 40));
        assert_eq!(
            tokens.believe(&made(&hs256, &expired, &ours)),
            Err(Disbelief::Expired)
        );
        let none = json!({"alg": "none", "typ": "JWT"});
        let longer = json!({"alg": "HS512", "typ": "JWT"});
        let carried = json!({"alg": "HS256", "jku": "https://evil.example/keys",
            "jwk": {"kty": "oct", "k": URL_SAFE_NO_PAD.encode([8; 32])}});
        let unsigned = {
            let token = made(&none, &good, &ours);
            token[..=token.rfind('.').unwrap()].to_owned()
        };
        for (what, token) in [
            ("another key", made(&hs256, &good, &[8; 32])),
            ("its own key", made(&carried, &good, &[8; 32])),
            ("alg none", made(&none, &good, &ours)),
            ("no signature", unsigned),
            ("another alg", made(&longer, &good, &ours)),
            ("no exp", made(&hs256, &without("exp"), &ours)),
            ("no aud", made(&hs256, &without("aud"), &ours)),
            ("no sub", made(&hs256, &without("sub"), &ours)),
            ("another aud", made(&hs256, &with("aud", json!("x")), &ours)),
            (
                "not yet",
                made(&hs256, &with("nbf", json!(now + 90)), &ours),
            ),
            ("empty sub", made(&hs256, &with("sub", json!("")), &ours)),
            ("sub a number", made(&hs256, &with("sub", json!(5)), &ours)),
            (
                "exp as text",
                made(&hs256, &with("exp", json!("9e9")), &ours),
            ),
            (
                "line break",
                made(&hs256, &with("name", json!("a\nb")), &ours),
            ),
            ("nothing", String::new()),
            ("dots", "..".to_owned()),
        ] {
            assert_eq!(tokens.believe(&token), Err(Disbelief::Bad), "{what}");
        }
    }

    #[test]
    fn a_token_says_who_it_was_signed_for() {
        let person = Person {
            uid: Uid::new("阿丽丝"),
            name: "Alice".to_owned(),
            avatar: Some("https://pictures.example/a.png".to_owned()),
            host: true,
            seen: None,
        };
        let tokens = tokens();
        let token = tokens.sign(&person, Duration::from_secs(60)).unwrap();
        assert_eq!(
            tokens.believe(token.expose_secret()).unwrap().person,
            person
        );
        assert!(!format!("{token:?}").contains(token.expose_secret()));
    }

    #[test]
    fn a_ticket_is_good_once_for_the_same_page_and_browser() {
        let tickets = Tickets::new(Duration::from_secs(30));
        let alice = named("alice").unwrap();
        let issue = || tickets.issue(alice.clone(), "o", "a").unwrap().unwrap();
        let ticket = issue();
        assert_eq!(
            tickets.redeem(ticket.expose_secret(), "o", "a"),
            Some(alice.clone())
        );
        assert_eq!(tickets.redeem(ticket.expose_secret(), "o", "a"), None);
        let ticket = issue();
        assert_eq!(tickets.redeem(ticket.expose_secret(), "p", "a"), None);
        assert_eq!(
            tickets.redeem(ticket.expose_secret(), "o", "a"),
            None,
            "a wrong try uses it up"
        );
        assert_eq!(tickets.redeem(issue().expose_secret(), "o", "b"), None);
        let ticket = issue();
        tickets.revoke(&Uid::new("alice"));
        assert_eq!(tickets.redeem(ticket.expose_secret(), "o", "a"), None);
    }

    #[test]
    fn a_bare_token_never_names_a_guest() {
        assert!(named("alice").is_ok());
        assert!(named("张伟").is_ok());
        for token in ["", "g-abc", "a.b", " a", "a\n", "\u{202E}a", "\u{200B}"] {
            assert_eq!(named(token), Err(Disbelief::Bad), "{token:?}");
        }
        assert!(named(&"x".repeat(64)).is_ok());
        assert!(named(&"x".repeat(65)).is_err());
    }

    #[test]
    fn secrets_are_not_printed() {
        let (person, secret) = new_guest("zoe").unwrap();
        let tokens = tokens();
        let token = tokens.sign(&person, Duration::from_secs(60)).unwrap();
        let identity = tokens.believe(token.expose_secret()).unwrap();
        let tickets = Tickets::new(Duration::from_secs(30));
        let ticket = tickets.issue(identity, "http://a", "b").unwrap().unwrap();
        let printed = format!(
            "{secret:?} {token:?} {ticket:?} {:?} {tickets:?}",
            tokens.secret
        );
        for secret in [&secret, &token, &ticket] {
            let secret = secret.expose_secret();
            assert!(secret.len() > 20 && !printed.contains(secret), "{printed}");
        }
        assert!(!printed.contains("7, 7, 7"), "the secret that signs");
        assert!(printed.contains("REDACTED"), "{printed}");
    }
}
