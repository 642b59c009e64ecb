//! The arguments.

use super::*;

#[test]
fn the_arguments_fit_together() {
    use clap::CommandFactory as _;
    Args::command().debug_assert();
}

#[test]
fn settings_and_log_level_may_stand_behind_the_command() {
    let args = Args::try_parse_from(["crowdhook", "serve", "--config", "a.toml", "--log", "debug"]).unwrap();
    assert_eq!(args.common.config, Some(PathBuf::from("a.toml")));
    assert_eq!(args.log.log.as_deref(), Some("debug"));
    assert_eq!(args.usual_log(), "info");
}
