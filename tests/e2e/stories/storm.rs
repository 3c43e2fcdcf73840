//! Two people talk while their paths break at random, again and again. The
//! seed is printed; `PARLANCE_SEED` tells the same storm once more.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::browser::Engine::Chromium;
use crate::page::{Chat, LATER, State};
use crate::proxy::{Cut, Direction, Proxy};
use crate::server::Server;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

/// SplitMix64: enough chance for a storm.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn direction(&mut self) -> Direction {
        [Direction::Up, Direction::Down, Direction::Both][self.below(3) as usize]
    }

    async fn breaks(&mut self, path: &Proxy) -> &'static str {
        match self.below(7) {
            0 => {
                path.cut(Cut::Fin);
                "cut"
            }
            1 => {
                path.cut(Cut::Reset);
                "reset"
            }
            2 => {
                path.swallow_links(self.direction());
                "link swallowed"
            }
            3 => {
                path.hold_links(self.direction());
                "link held"
            }
            4 => {
                path.refuse_talk();
                "talk refused"
            }
            5 => {
                path.refuse().await;
                "all refused"
            }
            _ => {
                path.black_hole(self.direction());
                "black hole"
            }
        }
    }
}

#[test]
fn a_storm_of_faults_loses_nothing() {
    tell(2, async || {
        let seed = std::env::var("PARLANCE_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or_else(|| {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                now.map_or(1, |now| now.as_nanos() as u64)
            });
        let steps = if std::env::var_os("PARLANCE_DEEP").is_some() {
            300
        } else {
            12
        };
        println!("PARLANCE_SEED={seed}");
        let mut chance = Chance(seed);
        let server = Server::start(&["--rate", "1000", "--burst", "1000"]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
        ann.expects_trouble();
        bob.expects_trouble();
        let talk = Talk::default();
        for step in 1..=steps {
            let (victim, other) = if chance.below(2) == 0 {
                (&ann, &bob)
            } else {
                (&bob, &ann)
            };
            let fault = chance.breaks(&victim.path).await;
            println!("step {step}: {}'s path: {fault}", victim.name);
            for number in 1..=chance.below(3) {
                talk.says(victim, &format!("{} {step} {number}", victim.name))
                    .await;
            }
            talk.says(other, &format!("{} {step}", other.name)).await;
            victim.path.pass().await;
            talk.says(victim, &format!("{} {step} passed", victim.name))
                .await;
        }
        for person in [&ann, &bob] {
            person.sees_within(LATER, "the room", State::can_talk).await;
        }
        talk.settles(&[&ann, &bob]).await;
        ends_well([ann, bob]).await;
    });
}
