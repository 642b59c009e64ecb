//! A practice PYBOSSA to set a host of one's own up against: it says what to do, waits for the hook, and then its crowd answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;

use super::show::{result_head, result_lines};
use crate::practice::{Pybossa, Seed};

/// The project of [`Seed::birds`].
const PROJECT: &str = "birds";
/// How often to look whether the hook is set, and whether a result is there.
const LOOK: Duration = Duration::from_millis(100);
/// The crowd begins with a task so long after the one before has its result.
const PAUSE: Duration = Duration::from_secs(1);
/// A result that takes longer is explained.
const RESULT_WAIT: Duration = Duration::from_secs(10);

/// Serves at `port` of this machine, 0 for any, until `shutdown`; `say` is given each line as it happens.
///
/// # Errors
///
/// When the port is not to be had.
pub async fn practise(port: u16, say: impl Fn(&str), shutdown: impl Future<Output = ()>) -> std::io::Result<()> {
    let server = Pybossa::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Seed::birds()).await?;
    opening(&server, &say);
    tokio::select! {
        () = crowd(&server, &say) => {}
        () = shutdown => return Ok(()),
    }
    Ok(())
}

fn opening(server: &Pybossa, say: &impl Fn(&str)) {
    let (url, key) = (server.url(), server.owner_key());
    say(&format!("A practice PYBOSSA is at {url}, for this machine alone, until Ctrl-C. All it holds is gone then."));
    say(&format!("In its project `{PROJECT}` people say which bird is in a picture: {{\"animal\": \"robin\"}}."));
    say("");
    say("In another terminal, make a host of your own:");
    say(&format!("  crowdhook init my-crowd --platform pybossa --url {url} --project {PROJECT} --pointer /animal"));
    say("Its owner's API key is no secret here:");
    say(&format!("  echo {key} | install -m 600 /dev/stdin my-crowd/secrets/{PROJECT}-api-key"));
    say("Then do as `crowdhook init` said. People begin to answer when the hook is set.");
}

/// Waits for the hook, then gives all planned answers, task by task. Does not return.
async fn crowd(server: &Pybossa, say: &impl Fn(&str)) {
    let hook = loop {
        match server.webhook(PROJECT) {
            Some(hook) => break hook,
            None => tokio::time::sleep(LOOK).await,
        }
    };
    say("");
    // Without the token at its end.
    say(&format!(
        "The hook is set, at {}/…. People answer, and the results are written back here:",
        hook.rsplit_once('/').map_or("", |(above, _)| above)
    ));
    say("");
    say(&result_head());
    for task in server.tasks(PROJECT) {
        if let Some(id) = task.get("id").and_then(Value::as_i64) {
            answer(server, id);
            let info = result(server, id, say).await;
            result_lines(PROJECT, &id.to_string(), &info).iter().for_each(|line| say(line));
            tokio::time::sleep(PAUSE).await;
        }
    }
    say("");
    say(&format!("All tasks are answered. Look at what stands there: curl '{}/api/result?project_id=1'", server.url()));
    say("It stays up until Ctrl-C. `crowdhook status` tells what your host did.");
    std::future::pending().await
}

/// Has each of the task's people answer.
fn answer(server: &Pybossa, task: i64) {
    for planned in server.planned(PROJECT).into_iter().filter(|planned| planned.task == task) {
        // Who has answered already does not do so again.
        server.answer(task, &planned.worker, planned.info).ok();
    }
}

/// Waits for the task's result, and says once what may be wrong when it does not come.
async fn result(server: &Pybossa, task: i64, say: &impl Fn(&str)) -> Value {
    let found = async || loop {
        match server.result_of(task).and_then(|row| row.get("info").filter(|info| !info.is_null()).cloned()) {
            Some(info) => break info,
            None => tokio::time::sleep(LOOK).await,
        }
    };
    if let Ok(info) = tokio::time::timeout(RESULT_WAIT, found()).await {
        return info;
    }
    say(&format!(
        "  task {task} is answered and has no result yet: does `crowdhook serve` run? `crowdhook status` says what waits. What the hook missed \
         is found when the host starts again"
    ));
    found().await
}
