//! `crowdhook backfill`: asks the running host for one page after the other, and tells how far it is.

mod progress;
mod summary;

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use crate::backfill::{Report, Wanted};
use crate::cli::client::tell;
use crate::cli::report::Advice;
use crate::cli::{Common, output};
use crate::config::{Host, load};
use crate::id::{PluginName, ProjectName};
use crate::shutdown;
use progress::Shown;
use summary::Summary;

pub(super) const EXAMPLES: &str = "\
Examples:
  crowdhook backfill birds --dry-run          what would be done, and what would be left out
  crowdhook backfill birds                    do it, or go on where it was stopped
  crowdhook backfill birds --plugin badges    have a plugin that was added later handle what the others have handled";

/// So long a run waits without a page that is done; then it ends, or a scheduler would start the next one beside it. PYBOSSA's ration
/// of calls begins anew every quarter of an hour.
const WAIT_MAX: Duration = Duration::from_mins(30);

#[derive(Debug, clap::Args)]
pub(super) struct BackfillArgs {
    /// The project, by the name of its file
    project: ProjectName,
    /// Only look: record nothing
    #[arg(long)]
    dry_run: bool,
    /// Also tasks in whose result something stands already
    #[arg(long)]
    overwrite: bool,
    /// Have this plugin alone handle what others have handled before it was added
    #[arg(long, value_name = "NAME")]
    plugin: Option<PluginName>,
    /// Tasks in a page: fewer where answers are large and the platform is slow
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    rows: u32,
    /// Begin anew, wherever an earlier run came
    #[arg(long)]
    restart: bool,
}

/// Why no page was asked for any more.
enum Ended {
    Done,
    Stopped,
    /// To go on, one would have to wait longer than [`WAIT_MAX`]: for what.
    Waiting(String),
}

pub(super) async fn run(args: BackfillArgs, common: &Common) -> anyhow::Result<()> {
    let mut summary = Summary::of(&args.project, args.dry_run);
    let mut shown = Shown::new(common.json);
    let ended = pages(&args, common, &mut summary, &mut shown).await;
    shown.end();
    if ended.is_ok() || summary.looked > 0 {
        if common.json { output::json(&summary)? } else { output::lines(&summary.text())? }
    }
    match ended {
        Ok(Ended::Done) => Ok(()),
        Ok(Ended::Stopped) => Err(early("stopped", &args, &summary).into()),
        Ok(Ended::Waiting(why)) => Err(early("gave up waiting", &args, &summary).because(anyhow!(why)).into()),
        // A page whose answer was lost may be done all the same.
        Err(error) if summary.pages > 0 || error.chain().any(|cause| cause.is::<reqwest::Error>()) => {
            Err(early("ended", &args, &summary).because(error).into())
        }
        Err(error) => Err(error),
    }
}

/// How far a run came that ended early, and how to go on.
fn early(how: &str, args: &BackfillArgs, summary: &Summary) -> Advice {
    let at = summary.at.map_or_else(String::new, |at| format!(" behind task {at}"));
    let help = match (args.dry_run, args.restart && summary.pages > 0) {
        (true, _) => "a dry run keeps nothing: it begins anew",
        (false, true) => "the same command without `--restart` goes on there; with it, it begins anew",
        (false, false) => "the same command goes on there; with `--restart` it begins anew",
    };
    Advice::new(format!("{how}{at}"), help)
}

async fn pages(args: &BackfillArgs, common: &Common, summary: &mut Summary, shown: &mut Shown) -> anyhow::Result<Ended> {
    let host = load::host(common.config.as_deref())?;
    let path = format!("/v1/projects/{}/backfill", args.project);
    let mut wanted = Wanted {
        dry_run: args.dry_run,
        overwrite: args.overwrite,
        plugin: args.plugin.clone(),
        rows: usize::try_from(args.rows).ok(),
        restart: args.restart,
        progress: None,
    };
    let stop = shutdown::signal()?;
    tokio::pin!(stop);
    let mut advanced = Instant::now();
    loop {
        let (report, stopped) = page(&host, &path, &wanted, stop.as_mut()).await?;
        summary.add(&report);
        if let Some(wait_ms) = report.wait_ms {
            if stopped {
                return Ok(Ended::Stopped);
            }
            let (wait, why) = (Duration::from_millis(wait_ms), report.note.unwrap_or_default());
            if is_too_long(advanced.elapsed(), wait) {
                let wait = output::span(wait_ms.div_ceil(1000));
                return Ok(Ended::Waiting(format!("{} (to be waited: {wait})", output::plain(&why))));
            }
            shown.wait(wait, &why);
            tokio::select! {
                () = &mut stop => return Ok(Ended::Stopped),
                () = tokio::time::sleep(wait) => continue,
            }
        }
        advanced = Instant::now();
        shown.page(&report, summary);
        wanted.restart = false;
        wanted.progress = report.progress.filter(|_| args.dry_run);
        match (report.done, stopped) {
            (true, _) => return Ok(Ended::Done),
            (false, true) => return Ok(Ended::Stopped),
            (false, false) => {}
        }
    }
}

/// Whether a further wait is one too many, so long after the last page.
fn is_too_long(since_page: Duration, wait: Duration) -> bool {
    since_page.saturating_add(wait) > WAIT_MAX
}

/// One page, and whether somebody wants to stop. It is not broken off for that: a second signal does so.
async fn page(host: &Host, path: &str, wanted: &Wanted, mut stop: Pin<&mut impl Future<Output = ()>>) -> anyhow::Result<(Report, bool)> {
    let ask = tell::<Report>(host, path, wanted);
    tokio::pin!(ask);
    tokio::select! {
        biased;
        () = &mut stop => Ok((ask.await?, true)),
        asked = &mut ask => Ok((asked?, false)),
    }
}

#[cfg(test)]
mod tests;
