//! What happens in a world: people do something, bytes travel, and machines fail.

mod developers;
mod disasters;
mod lines;
mod owners;
mod recovery;

pub(crate) use developers::PURPOSES;
pub(crate) use disasters::SET_BACK;
pub(crate) use recovery::Paper;

use sync_server::hosted;

use super::{swarm::Deed, world::World};

impl World {
    /// Does one thing.
    pub(crate) fn happen(&mut self, deed: Deed) {
        self.count(&format!("{deed:?}"));
        // No two things happen in the same moment.
        self.server_clock.advance_ms(1);
        self.device_clock.advance_ms(1);
        let owner = self.dice.below(self.owners.len());
        match deed {
            Deed::Put => {
                let count = 1 + self.dice.below(3);
                self.put(owner, count);
            }
            Deed::Import => {
                let count = 10 + self.dice.below(40);
                self.put(owner, count);
            }
            Deed::Edit => self.edit(owner),
            Deed::Delete => self.delete(owner),
            Deed::Ask => self.ask(),
            Deed::Agree => self.agree(owner),
            Deed::Refuse => self.refuse(owner),
            Deed::Withdraw => self.withdraw(owner),
            Deed::Pause => self.pause(owner),
            Deed::Resume => self.resume(owner),
            Deed::Narrow => self.narrow(owner),
            Deed::Renew => self.renew(owner),
            Deed::Amend => self.amend(),
            Deed::Read => self.read_anything(),
            Deed::FinishReading => self.reading.clear(),
            Deed::Connect => self.connect(owner),
            Deed::Say => {
                let frames = 1 + self.dice.below(4);
                self.say(owner, frames);
            }
            Deed::Bring => self.bring_something(),
            Deed::Commit => self.commit(),
            Deed::Hear => {
                let count = if self.dice.percent(30) {
                    1 + self.dice.below(200)
                } else {
                    usize::MAX
                };
                if !self.is_partitioned {
                    self.hear(owner, count);
                }
            }
            Deed::Talk => self.talk(owner),
            Deed::Sweep => self.sweep(),
            Deed::Cut => self.cut(),
            Deed::Partition => self.is_partitioned = !self.is_partitioned,
            Deed::ServerCrash => self.crash_server(),
            Deed::ServerPowerFailsSoon => {
                let (syncs, reaches) = (self.dice.below(24) as u64, self.dice.percent(50));
                self.machine.power().fail_at(syncs, reaches);
            }
            Deed::DeviceCrash => self.crash_device(owner),
            Deed::DevicePowerFailsSoon => {
                let (syncs, reaches) = (self.dice.below(24) as u64, self.dice.percent(50));
                self.owners[owner].power.fail_at(syncs, reaches);
            }
            Deed::CopyServer => self.copy_server(),
            Deed::SetServerBack => self.set_server_back(false),
            Deed::SetServerAndLedgerBack => self.set_server_back(true),
            Deed::CopyDevice => {
                let copy = self.owners[owner].copied();
                self.device_copies.push(copy);
                self.note(format!("{owner} is copied"));
            }
            Deed::SetDeviceBack => self.set_device_back(owner),
            Deed::CloneDevice => self.clone_device(owner),
            Deed::WriteCode => self.write_down_a_code(owner),
            Deed::TakeBack => self.take_back(),
            Deed::ServerClockJumps => {
                let ms = self.jump();
                self.note(format!("the server's clock jumps by {ms} ms"));
                self.server_clock.advance_ms(ms);
            }
            Deed::DeviceClockJumps => {
                let ms = self.jump();
                self.note(format!("the devices' clock jumps by {ms} ms"));
                self.device_clock.advance_ms(ms);
            }
            Deed::TimePasses => {
                let ms = 1 + i64::try_from(self.dice.below(3_600_000)).unwrap();
                self.server_clock.advance_ms(ms);
                self.device_clock.advance_ms(ms);
            }
        }
        if self.machine.power().is_dark() {
            self.crash_server();
        }
        for owner in 0..self.owners.len() {
            if self.owners[owner].power.is_dark() {
                self.crash_device(owner);
            }
        }
    }

    fn sweep(&mut self) {
        let server = self.machine.server().clone();
        let swept = self.machine.call(hosted::sweep(&server));
        drop(server);
        match swept {
            None => self.crash_server(),
            Some(Ok(())) => self.collect(),
            Some(Err(error)) => self.wrong(&format!("the sweep fails: {error}")),
        }
    }

    fn jump(&mut self) -> i64 {
        let hours = *self.dice.one_of(&[1, 2, 26, 24 * 8]);
        if self.dice.percent(40) {
            -hours * 3_600_000
        } else {
            hours * 3_600_000
        }
    }
}
