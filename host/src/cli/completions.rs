//! `crowdhook completions`: what a shell completes.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::{Args, PROGRAM, output};

pub(super) const EXAMPLES: &str = "\
Examples, each for good:
  crowdhook completions bash > ~/.local/share/bash-completion/completions/crowdhook
  crowdhook completions zsh > ~/.zfunc/_crowdhook                   with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc
  crowdhook completions fish > ~/.config/fish/completions/crowdhook.fish";

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints a script of the shell's own.
pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    let mut command = for_people(&Args::command());
    generate(args.shell, &mut command, PROGRAM, &mut script);
    output::lines(&String::from_utf8(script)?)
}

/// Without what `--help` does not show: bash would be offered it all the same.
fn for_people(whole: &clap::Command) -> clap::Command {
    clap::Command::new(PROGRAM)
        .version(env!("CARGO_PKG_VERSION"))
        .args(whole.get_arguments().cloned())
        .subcommands(whole.get_subcommands().filter(|command| !command.is_hide_set()).cloned())
}
