//! Chance that a seed repeats.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

/// The source of everything random in a test. Its seed stands in the output of a test that fails.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha20Rng);

impl Dice {
    /// Dice that fall the same way for the same seed.
    #[expect(
        clippy::print_stdout,
        reason = "the output of a failed test is where its seed is looked for"
    )]
    pub fn new(seed: u64) -> Self {
        println!("seed {seed}");
        Self::silent(seed)
    }

    /// The same dice, for a caller that says the seed itself when it matters.
    pub fn silent(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// Dice of their own for one part of a test, so that another part does not change how they fall.
    pub fn split(&mut self) -> Self {
        Self(self.generator())
    }

    /// A generator of its own for a vault or a server.
    pub fn generator(&mut self) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(self.bytes())
    }

    /// `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A number from 0 to `end`, without `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % end as u64).unwrap()
    }

    /// True in so many cases of a hundred.
    pub fn percent(&mut self, cases: usize) -> bool {
        self.below(100) < cases
    }

    /// One of several.
    pub fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_fall_the_same_way_for_the_same_seed() {
        let draw = |seed| Dice::new(seed).bytes::<32>();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
