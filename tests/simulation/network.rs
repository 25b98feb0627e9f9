//! How bytes travel.

use vault_core::{
    Conversation, Error, SyncError,
    wire::frame::{Frame, Refusal},
};

use super::{line::Line, world::World};

/// Rounds after which a session that still talks never ends.
const ROUNDS_MAX: usize = 4_000;

impl World {
    /// A copy of the vault connects, if it is not connected.
    pub(crate) fn connect(&mut self, owner: usize) {
        if self.owners[owner].talk.is_some() || self.is_partitioned {
            return;
        }
        let begun = self.owners[owner].vault.converse(None);
        let begun = begun.and_then(|mut talk| Ok((talk.say()?, talk)));
        match begun {
            Ok((hello, talk)) => {
                let hello = hello.expect("a session begins with HELLO");
                self.note(format!("{owner} connects"));
                self.begin(owner, talk, &hello);
            }
            Err(error) => self.talk_failed(owner, &error),
        }
    }

    /// Opens a line for a session that has said its first frame.
    pub(crate) fn begin(&mut self, owner: usize, talk: Conversation, first: &[u8]) {
        let device = self.owners[owner].transport;
        let number = self.next_line();
        let stream = self.machine.accept(device);
        let mut line = Line::new(owner, device, stream);
        if self.speakers.have_revoked(device) {
            line.revoke();
        }
        self.lines.insert(number, line);
        self.owners[owner].talk = Some((talk, number));
        self.send(number, first);
    }

    /// A device says what it has to say, up to so many frames.
    pub(crate) fn say(&mut self, owner: usize, frames: usize) {
        for _ in 0..frames {
            let Some((talk, line)) = &mut self.owners[owner].talk else {
                return;
            };
            let line = *line;
            match talk.say() {
                Ok(Some(bytes)) => self.send(line, &bytes),
                Ok(None) if talk.has_more_to_say() => {}
                Ok(None) => return,
                Err(error) => return self.talk_failed(owner, &error),
            }
        }
    }

    pub(crate) fn send(&mut self, number: usize, bytes: &[u8]) {
        let line = self.lines.get_mut(&number).expect("a line that is spoken on");
        for frame in line.parse(bytes) {
            if self.is_swallowed(number, &frame) {
                return;
            }
            self.device_said(number, frame, bytes.len());
        }
        let line = self.lines.get_mut(&number).expect("a line that is spoken on");
        line.say(bytes);
    }

    /// Some bytes of a line reach the server.
    pub(crate) fn bring(&mut self, number: usize, count: usize) {
        let Some(line) = self.lines.get_mut(&number) else {
            return;
        };
        line.bring(count.min(line.outward.len()));
        self.machine.turn();
        self.collect();
    }

    /// The server does what waits for its store.
    pub(crate) fn commit(&mut self) {
        self.machine.step();
        if self.machine.power().is_dark() {
            return self.crash_server();
        }
        self.machine.turn();
        self.collect();
    }

    /// Takes everything that the server has said.
    pub(crate) fn collect(&mut self) {
        let planted = self.planted;
        let said: Vec<_> = self
            .lines
            .iter_mut()
            .flat_map(|(number, line)| {
                line.collect(planted)
                    .into_iter()
                    .map(|frame| (*number, frame))
                    .collect::<Vec<_>>()
            })
            .collect();
        // All that it said here may have been said before it revoked anybody.
        let is_revoked = |(_, frame): &(usize, Frame)| matches!(frame, Frame::Revoked(_));
        let (revoked, said): (Vec<_>, Vec<_>) = said.into_iter().partition(is_revoked);
        for (number, frame) in said.into_iter().chain(revoked) {
            self.server_said(number, &frame);
        }
    }

    /// Some bytes of its line reach a device, or it learns that there is no line any more.
    pub(crate) fn hear(&mut self, owner: usize, count: usize) {
        let Some((talk, number)) = &mut self.owners[owner].talk else {
            return;
        };
        let line = self.lines.get_mut(number).expect("the line of a session");
        if line.homeward.is_empty() && !line.is_held_by_server() {
            self.lines.remove(number);
            self.owners[owner].talk = None;
            return self.note(format!("{owner} finds its line dead"));
        }
        let bytes: Vec<u8> = line.homeward.drain(..count.min(line.homeward.len())).collect();
        let heard = talk.hear(&bytes);
        while talk.take_event().is_some() {}
        if let Err(error) = heard {
            self.talk_failed(owner, &error);
        } else if self.owners[owner].power.is_dark() {
            self.crash_device(owner);
        }
    }

    /// A session ended with an error. Only some errors may be.
    pub(crate) fn talk_failed(&mut self, owner: usize, error: &Error) {
        if self.owners[owner].power.is_dark() {
            return self.crash_device(owner);
        }
        let may_be = match error {
            Error::Sync(SyncError::Refused(refusal)) => {
                matches!(
                    refusal,
                    Refusal::TakenOver | Refusal::Unavailable | Refusal::Revoked | Refusal::NothingToRecover
                )
            }
            Error::Sync(SyncError::Protocol(what)) => {
                *what == "a statement did not follow what it holds"
                    // Two devices are on line, and for one of them the server began another log.
                    || *what == "it left a notice out" && self.stays.is_some() && self.server_was_set_back()
            }
            _ => false,
        };
        if !may_be {
            self.wrong(&format!("a session ends with: {error}"));
        }
        self.note(format!("{owner} ends its session: {error}"));
        self.count("session ended by an error");
        self.leave(owner);
    }

    /// A device leaves its line. What it has said may still arrive.
    pub(crate) fn leave(&mut self, owner: usize) {
        self.owners[owner].talk = None;
    }

    /// Nobody is connected any more, and nothing is on its way.
    pub(crate) fn hang_up_all(&mut self) {
        for owner in &mut self.owners {
            owner.talk = None;
        }
        self.lines.clear();
        self.machine.turn();
        while self.machine.step() > 0 {
            self.machine.turn();
        }
    }

    /// Runs a session to its end: until both sides are settled, or it failed. Returns how many statements,
    /// batches and comparisons it took.
    pub(crate) fn run(&mut self, owner: usize) -> usize {
        let before = self.effort();
        for _ in 0..ROUNDS_MAX {
            self.say(owner, 64);
            let Some((talk, number)) = &self.owners[owner].talk else {
                return self.effort() - before;
            };
            let number = *number;
            let line = &self.lines[&number];
            let is_idle = line.outward.is_empty() && line.homeward.is_empty();
            let is_settled = is_idle && talk.is_settled();
            self.bring(number, usize::MAX);
            let worked = self.machine.step();
            self.machine.turn();
            self.collect();
            if is_settled && worked == 0 && self.lines[&number].homeward.is_empty() {
                return self.effort() - before;
            }
            self.hear(owner, usize::MAX);
        }
        self.wrong("a session neither ends nor settles")
    }

    fn effort(&self) -> usize {
        let is_effort =
            |what: &str| what == "batch sent" || what == "comparison" || what.starts_with("says ");
        let sum: u64 = self
            .counts
            .iter()
            .filter(|(what, _)| is_effort(what))
            .map(|(_, count)| count)
            .sum();
        usize::try_from(sum).unwrap()
    }
}
