//! What can go wrong, and is put right again: one file for each family.
//!
//! To add a fault: a variant here, what it does in the file of its family, and a line in [`cases`](crate::cases).

mod clock;
mod disk;
mod nodes;
mod projectors;
mod standbys;
mod stop;
mod store;
mod wire;

use crate::scene::{Form, Scene};
use std::time::Duration;

/// Of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Node,
    /// The server that holds the journal.
    Journal,
    /// The server that holds the ledger.
    Ledger,
}

/// How long something lasts, in milliseconds: in an everyday run, and as it happens.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub short: (u64, u64),
    pub long: (u64, u64),
}

impl Span {
    fn drawn(self, scene: &mut Scene) -> Duration {
        let (least, most) = if scene.form == Form::Long { self.long } else { self.short };
        scene.dice.millis(least..most + 1)
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Fault {
    Kill(Part),
    Freeze(Part, Span),
    /// One stands still while another is killed; it wakes before that one is back.
    FreezeAndKill(Part, Part),
    /// A request to the journal arrives so late that the node which sent it has been killed and replaced.
    Late(Span),
    LoseRequests(Span),
    LoseAnswers(Span),
    /// The connections that are there stay, and nothing that is asked on them arrives.
    Silence,
    /// One of the others, drawn.
    Any,
    SameFolder,
    OtherNode,
    FullDisk(Part),
    /// A system call on the file that commits go to fails, once.
    CallFails(&'static str),
    FullMemory,
    /// Two projectors more, and so many kills of the ledger's server.
    Racing(u64, u64),
    /// Seconds by which the clock jumps.
    Clock(i64),
    /// The journal's file as a power cut leaves it: what was not synced is gone in part or whole.
    PowerCut,
    /// The ledger as it was when the load began.
    OldLedger,
    /// The primary is lost with its machine; the time for which somebody still reaches it when it is back.
    LosePrimary(Span),
    /// No standby is there to confirm anything.
    NoStandby(Span),
}

impl Fault {
    /// Does its harm and ends it; the instant of the run from which on everything was as it should be.
    pub fn strike(self, scene: &mut Scene) -> Duration {
        match self {
            Self::Kill(part) => stop::kill(scene, part),
            Self::Freeze(part, span) => stop::freeze(scene, part, span),
            Self::FreezeAndKill(frozen, killed) => stop::freeze_and_kill(scene, frozen, killed),
            Self::Late(span) => wire::late(scene, span),
            Self::LoseRequests(span) => wire::cut(scene, tests::proxy::Fault::LoseRequest, span),
            Self::LoseAnswers(span) => wire::cut(scene, tests::proxy::Fault::LoseAnswer, span),
            Self::Silence => wire::silence(scene),
            Self::Any => any(scene),
            Self::SameFolder => nodes::same_folder(scene),
            Self::OtherNode => nodes::other_node(scene),
            Self::FullDisk(part) => disk::full(scene, part),
            Self::CallFails(call) => disk::call_fails(scene, call),
            Self::FullMemory => store::full_memory(scene),
            Self::Racing(short, long) => projectors::racing(scene, if scene.form == Form::Long { long } else { short }),
            Self::Clock(seconds) => clock::jump(scene, seconds),
            Self::PowerCut => disk::power_cut(scene),
            Self::OldLedger => store::old_ledger(scene),
            Self::LosePrimary(span) => standbys::lose_primary(scene, span),
            Self::NoStandby(span) => standbys::away(scene, span),
        }
    }
}

const MOMENT: Span = Span { short: (100, 1_000), long: (100, 8_000) };

/// What may happen at any time.
fn any(scene: &mut Scene) -> Duration {
    use Part::{Journal, Ledger, Node};
    let mut faults = vec![
        Fault::Kill(Node),
        Fault::Kill(Journal),
        Fault::Freeze(Node, MOMENT),
        Fault::Freeze(Journal, MOMENT),
        Fault::FreezeAndKill(Journal, Node),
        Fault::FreezeAndKill(Node, Journal),
        Fault::LoseRequests(MOMENT),
        Fault::LoseAnswers(MOMENT),
        Fault::Late(MOMENT),
    ];
    // where they are two servers
    if scene.arena.stores.redis.is_some() {
        faults.extend([
            Fault::Kill(Ledger),
            Fault::Freeze(Ledger, MOMENT),
            Fault::FreezeAndKill(Ledger, Node),
            Fault::FreezeAndKill(Ledger, Journal),
            Fault::FreezeAndKill(Journal, Ledger),
        ]);
    }
    let fault = scene.dice.one_of(&faults);
    println!("    {fault:?}");
    fault.strike(scene)
}
