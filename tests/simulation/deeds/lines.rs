//! Bytes travel, or their line breaks.

use super::super::world::World;

impl World {
    /// A session goes on for a while without anything that disturbs it.
    pub(super) fn talk(&mut self, owner: usize) {
        for _ in 0..1 + self.dice.below(6) {
            let Some((_, line)) = &self.owners[owner].talk else {
                return;
            };
            let line = *line;
            if self.is_partitioned {
                return;
            }
            self.say(owner, 4);
            self.bring(line, usize::MAX);
            self.commit();
            self.hear(owner, usize::MAX);
        }
    }

    pub(super) fn bring_something(&mut self) {
        let busy: Vec<usize> = self
            .lines
            .iter()
            .filter(|(_, line)| !line.outward.is_empty())
            .map(|(number, _)| *number)
            .collect();
        if busy.is_empty() || self.is_partitioned {
            return;
        }
        let line = *self.dice.one_of(&busy);
        let count = if self.dice.percent(30) {
            1 + self.dice.below(400)
        } else {
            usize::MAX
        };
        self.bring(line, count);
    }

    /// A connection breaks: for both ends, or for one of them first.
    pub(super) fn cut(&mut self) {
        let numbers: Vec<usize> = self.lines.keys().copied().collect();
        if numbers.is_empty() {
            return;
        }
        let number = *self.dice.one_of(&numbers);
        let owner = self.lines[&number].owner;
        let is_spoken_on = self
            .owners
            .get(owner)
            .and_then(|owner| owner.talk.as_ref())
            .is_some_and(|(_, on)| *on == number);
        if is_spoken_on && self.dice.percent(70) {
            self.leave(owner);
        }
        let is_spoken_on = self
            .owners
            .get(owner)
            .and_then(|owner| owner.talk.as_ref())
            .is_some_and(|(_, on)| *on == number);
        if self.dice.percent(70) {
            let line = self.lines.get_mut(&number).expect("a line");
            line.hang_up();
            if !is_spoken_on {
                self.lines.remove(&number);
            }
            self.machine.turn();
        }
        self.note(format!("line {number} is cut"));
    }
}
