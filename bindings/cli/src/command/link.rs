//! `vault link`

use clap::Args;
use serde_json::json;

use crate::{
    context::Context,
    failure::Failure,
    online::block_on,
    show::{ago, plain},
};

/// Gets a code by which one application can be linked to this vault, once.
#[derive(Args)]
pub(crate) struct Link {}

impl Link {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let link = block_on(vault.link_code())?;
        context.output.show(
            || json!({ "code": link.code, "expires_at": link.expires_at.to_string() }),
            |page| {
                let lapses = ago(link.expires_at, page.screen);
                page.title(&in_groups(&plain(&link.code)))?;
                page.line(&format!("Type it into one application; it lapses {lapses}."))?;
                page.line("A link lets the application ask. It reads nothing before you consent.")
            },
        )
    }
}

/// Four characters at a time, for reading aloud.
fn in_groups(code: &str) -> String {
    let characters: Vec<_> = code.chars().collect();
    let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_four_characters_at_a_time() {
        assert_eq!(in_groups("7KQ8M2XA"), "7KQ8-M2XA");
    }
}
