//! The model server's HTTP: guests, tickets, signing out.
//!
//! Knows no links but those of somebody who signs out.

use parlance_core::chance::Chance;

use super::{HttpTrouble, Server, TICKET_FOR};

/// A request, as far as the server looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Ticket,
    Guest(String),
    SignOut,
}

/// What comes back, and what it does to the device's cookie.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) cookie: Cookie,
}

pub(crate) enum Cookie {
    Keep,
    Set(String),
    Clear,
}

impl Server {
    /// Answers a request of this person. `None`: it never does.
    pub(crate) fn ask(
        &mut self,
        asked: &Asked,
        who: Option<&str>,
        now: u64,
        chance: &mut Chance,
    ) -> Option<Answer> {
        let answer = |status: u16, body: String| {
            Some(Answer {
                status,
                body,
                cookie: Cookie::Keep,
            })
        };
        let refuse = |status: u16, code: &str| {
            let body = format!(r#"{{"error":{{"code":"{code}","text":"no: {code}"}}}}"#);
            answer(status, body)
        };
        match self.faults.http {
            HttpTrouble::None => {}
            HttpTrouble::Portal => {
                return answer(200, "<!doctype html><h1>Welcome to the hotel".to_owned());
            }
            HttpTrouble::Failing => return answer(502, "bad gateway".to_owned()),
            HttpTrouble::Busy => return refuse(429, "rate_limited"),
            HttpTrouble::Silent => return None,
        }
        if *asked == Asked::Ticket {
            let Some(uid) = who else {
                return refuse(401, "no_identity");
            };
            if self.faults.revoked.iter().any(|it| it == uid) {
                let codes = [(401, "bad_token"), (401, "expired"), (403, "banned")];
                let (status, code) = codes[chance.below(3) as usize];
                return refuse(status, code);
            }
            self.tickets_made += 1;
            let ticket = format!("ticket-{}", self.tickets_made);
            self.tickets
                .insert(ticket.clone(), (uid.to_owned(), now + TICKET_FOR));
            let person = self.person(uid);
            let body = format!(
                r#"{{"ticket":"{ticket}","ttl_ms":{TICKET_FOR},"user":{{"uid":"{uid}","name":"{}"}}}}"#,
                person.name
            );
            return answer(200, body);
        }
        if let Asked::Guest(name) = asked {
            if name.is_empty() {
                return refuse(422, "bad_name");
            }
            let uid = format!("g{}", self.people.len() + 1);
            self.known(&uid, name);
            return Some(Answer {
                status: 200,
                body: format!(r#"{{"user":{{"uid":"{uid}","name":"{name}"}}}}"#),
                cookie: Cookie::Set(uid),
            });
        }
        for conn in &mut self.conns {
            if who.is_some() && conn.uid.as_deref() == who {
                conn.closing = Some((4501, String::new()));
            }
        }
        self.tickets.retain(|_, (uid, _)| Some(uid.as_str()) != who);
        Some(Answer {
            status: 204,
            body: String::new(),
            cookie: Cookie::Clear,
        })
    }

    /// A ticket is good once, and for a while.
    pub(super) fn redeem(&mut self, ticket: &str, now: u64) -> Option<String> {
        let (uid, good_until) = self.tickets.remove(ticket)?;
        (good_until > now).then_some(uid)
    }
}
