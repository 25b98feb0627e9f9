//! Running a part of a test in a process of its own: the test binary runs one of its tests again, with what it
//! needs in the environment. Without that, the test has nothing to do.

use std::process::{Command, Stdio};

/// A command that runs one test of this binary by its whole name.
pub(crate) fn child(test: &str, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.envs(environment.iter().copied()).stderr(Stdio::inherit());
    command
}

/// Runs it to its end and returns what it printed.
pub(crate) fn output_of(test: &str, environment: &[(&str, &str)]) -> String {
    let output = child(test, environment).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{test}: {}\n{printed}", output.status);
    printed
}
