//! Asking the owner to type "yes".

use std::io::{self, BufRead};

use crate::{failure::Failure, output::Output};

/// Asks, and goes on only if the answer is `yes`. The question stands on standard error, so that an
/// answer that is piped elsewhere stays clean.
pub(crate) fn typed_yes(output: &mut Output, question: &str, refusal: &str) -> Result<(), Failure> {
    output.ask(question)?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|source| Failure::CannotRead {
            what: "the answer".into(),
            source,
        })?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err(Failure::NotConfirmed(refusal.to_owned()))
    }
}
