//! The operators' command line: `quorate`.

use std::process::ExitCode;

use quorate_collector_cli::{Environment, run};

fn main() -> ExitCode {
    let environment = Environment::of_this_process();
    run(std::env::args_os(), &environment, &mut std::io::stdout(), &mut std::io::stderr()).into()
}
