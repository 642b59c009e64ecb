//! `crowdhook forget-worker`.

use super::client::tell;
use super::{Common, output};
use crate::admin::view::{ForgetWorker, WorkerForgotten};
use crate::config::load;
use crate::id::ProjectName;

/// Whom to forget.
#[derive(Debug, clap::Args)]
pub(super) struct ForgetWorkerArgs {
    /// The project
    project: ProjectName,
    /// The platform's id of the worker
    worker: String,
}

/// Goes through all that is kept of the project, step by step, so that the host goes on meanwhile.
pub(super) async fn run(args: ForgetWorkerArgs, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    let path = format!("/v1/projects/{}/forget-worker", args.project);
    let mut asked = ForgetWorker { worker: args.worker, after: None };
    let mut changed = 0;
    loop {
        let step: WorkerForgotten = tell(&host, &path, &asked).await?;
        changed += step.changed;
        match step.next {
            Some(next) => asked.after = Some(next),
            None if common.json => return output::json(&serde_json::json!({ "alias": step.alias, "rows": changed })),
            None => {
                return output::lines(&format!(
                    "forgotten: `{}` stands in the place of the id in {changed} rows of the store, and the worker's badges are gone",
                    step.alias
                ));
            }
        }
    }
}
