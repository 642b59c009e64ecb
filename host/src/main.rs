//! The `crowdhook` command.

use std::process::ExitCode;

use crowdhook::{cli, telemetry};

fn main() -> ExitCode {
    let args = cli::parse(); // exits with 2 and the usage
    let done = telemetry::init(&args.log, args.usual_log()).map_err(Into::into).and_then(|()| cli::run(args));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cli::report::show(&error);
            ExitCode::FAILURE
        }
    }
}
