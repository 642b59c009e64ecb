//! The one task of a host that writes. It takes what is asked, groups it into one transaction, commits, and answers.
//!
//! A connection that is lost is made again, for ever, with growing pauses; who asks for something in a pause is told at once that it failed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join;
use tokio::sync::mpsc;

use super::Shared;
use super::asked::Asked;
use super::batch::{Batch, Memory};
use super::connect::{Connector, DURABLE, Session};
use super::counters::Counters;
use super::db::{Db, Failure, Result, params};
use super::hints::{self, Lines};
use super::line::Line;
use super::work::{Answer, Command, Reply, Work};
use crate::store::StoreError;

/// A server that could not be reached is tried again after so long, twice as long each time up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// So many claims may be kept to be given back when the server is there again. Each failed group has a few; what comes after that runs out by
/// itself.
const GIVE_BACK_MAX: usize = 1_000;

/// What the server forgets of it in a crash are leases that were to end, and that run out.
const FORGETTABLE: &str = "SET LOCAL synchronous_commit = off";

/// What the task works with.
pub(super) struct Writer {
    pub(super) connector: Connector,
    pub(super) client: Option<Session>,
    pub(super) shared: Arc<Shared>,
    pub(super) memory: Memory,
    pub(super) back: mpsc::WeakSender<Command>,
    /// While the server cannot be reached: when it is tried again, the pause after that, and what it said.
    pub(super) away: Option<(Instant, Duration, String)>,
    /// Leases that were to end when the way to the server was lost. They end before anything else is leased.
    pub(super) to_give_back: Vec<Command>,
}

type Answers = Vec<std::result::Result<Answer, StoreError>>;

impl Writer {
    /// Works until it is told to close or until nobody is left to ask for anything.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut asked = Asked::default();
        while asked.take_in(&mut commands).await {
            let group = asked.group();
            if !group.is_empty() {
                self.write(group).await;
            }
        }
        if !asked.closing.is_empty()
            && let Err(error) = self.leave().await
        {
            tracing::warn!(error = %error, "This host did not take its leave of the store; its leases run out by themselves: {error}");
        }
        self.client = None;
        asked.closing.into_iter().for_each(|reply| answer(reply, Ok(Answer::Done)));
    }

    async fn write(&mut self, group: Vec<Command>) {
        let group: Vec<Command> = std::mem::take(&mut self.to_give_back).into_iter().chain(group).collect();
        match self.commit(&group).await {
            Ok(answers) => group.into_iter().zip(answers).for_each(|(command, answered)| answer(command.reply, answered)),
            Err(error) if group.len() > 1 && error.is_of_one_command() => {
                tracing::warn!(error = %error, "A group of {} writes failed, will write each alone", group.len());
                for command in group {
                    match self.commit(std::slice::from_ref(&command)).await {
                        Ok(answers) => {
                            answers.into_iter().take(1).zip([command.reply]).for_each(|(answered, reply)| answer(reply, answered))
                        }
                        Err(error) => self.fail(vec![command], &error),
                    }
                }
            }
            Err(error) => self.fail(group, &error),
        }
    }

    fn fail(&mut self, group: Vec<Command>, error: &Failure) {
        // That it lost its place is told once, by who tells the others of it.
        if !matches!(error, Failure::Replaced) {
            self.shared.metrics.commit_failed(group.len(), error);
        }
        let stays = |command: &Command| matches!(command.work, Work::GiveBack(_)) && !error.is_of_one_command();
        let (stay, failed): (Vec<_>, Vec<_>) = group.into_iter().partition(stays);
        self.to_give_back.extend(stay.into_iter().take(GIVE_BACK_MAX.saturating_sub(self.to_give_back.len())));
        failed.into_iter().for_each(|command| {
            let said = if matches!(error, Failure::Replaced) { StoreError::Replaced } else { StoreError::Failed(error.to_string()) };
            answer(command.reply, Err(said));
        });
    }

    /// Does `group` in one transaction. On an error nothing of it is there, unless the connection was lost with the commit under way.
    async fn commit(&mut self, group: &[Command]) -> Result<Answers> {
        let client = self.connected().await?;
        let began = Instant::now();
        let forgettable = group.iter().all(|command| command.work.may_be_forgotten());
        let settings = if forgettable { FORGETTABLE } else { DURABLE };
        let begin = self.connector.begin(settings);
        let mut batch_news = Vec::new();
        let done = transact(&client, &begin, (&self.shared, &mut self.memory, &self.back), group, &mut batch_news).await;
        match done {
            Ok(answers) => {
                self.memory.names.changed = false;
                self.client = Some(client);
                if !forgettable {
                    self.shared.metrics.committed(group.len(), began.elapsed());
                }
                self.shared.tell(&batch_news);
                Ok(answers)
            }
            Err(error) => {
                if self.memory.names.changed {
                    self.memory.names = super::names::Names::default();
                }
                // A connection that cannot be rolled back is not used again, nor one to a server that takes no writes: another may have taken its place.
                if !matches!(error, Failure::Silent(_)) && !error.is_of_a_reader() && Db(&client).run("ROLLBACK").await.is_ok() {
                    self.client = Some(client);
                }
                Err(error)
            }
        }
    }

    async fn connected(&mut self) -> Result<Session> {
        if let Some(client) = self.client.take().filter(|client| !client.is_closed()) {
            return Ok(client);
        }
        let pause = match &self.away {
            Some((until, _, said)) if *until > Instant::now() => return Err(Failure::Away(said.clone())),
            Some((_, pause, _)) => *pause,
            None => PAUSE,
        };
        match self.connector.connect().await {
            Ok(client) => {
                // A server that took another's place may lack the last moments, and the names in them.
                self.memory.names = super::names::Names::default();
                if self.away.take().is_some() {
                    tracing::info!("The store's database is there again");
                }
                Ok(client)
            }
            Err(error) => {
                if self.away.is_none() {
                    tracing::error!(error = %error, "The store's database cannot be reached, will try again: {error}");
                }
                let said = format!("the database cannot be reached: {error}");
                self.away = Some((Instant::now() + pause, (pause * 2).min(PAUSE_MAX), said.clone()));
                Err(Failure::Away(said))
            }
        }
    }

    /// Ends the leases of this host, which will not come back.
    async fn leave(&mut self) -> Result<()> {
        let client = self.connected().await?;
        let db = Db(&client);
        db.run(&self.connector.begin(FORGETTABLE)).await?;
        Counters::lock(db, self.shared.entry.number).await?;
        for line in [Line::Invocations, Line::Deliveries] {
            line.end_leases_of(db, self.shared.entry.number).await?;
        }
        db.execute("DELETE FROM host WHERE id = $1", params![self.shared.entry.number]).await?;
        db.run("COMMIT").await?;
        hints::tell(db, &self.connector, self.shared.entry.number, Lines::ALL).await?;
        Ok(())
    }
}

async fn transact(
    client: &Session,
    begin: &str,
    (shared, memory, back): (&Shared, &mut Memory, &mpsc::WeakSender<Command>),
    group: &[Command],
    news: &mut Vec<Line>,
) -> Result<Answers> {
    let db = Db(client);
    let (began, locked) = join(db.run(begin), Counters::lock(db, shared.entry.number)).await;
    began?;
    let (counters, now, is_here) = locked?;
    if !is_here {
        return Err(shared.why_not_here(db).await?);
    }
    let mut batch = Batch::new(db, shared, memory, back.clone(), (counters, now));
    let mut answers = Vec::with_capacity(group.len());
    if let Err(error) = apply(&mut batch, group, &mut answers).await {
        answers.into_iter().flatten().for_each(Answer::void);
        return Err(error);
    }
    *news = std::mem::take(&mut batch.news);
    db.run("COMMIT").await?;
    Ok(answers)
}

async fn apply(batch: &mut Batch<'_>, group: &[Command], answers: &mut Answers) -> Result<()> {
    for command in group {
        answers.push(batch.apply(&command.work).await?);
    }
    batch.close().await
}

/// Who asked may have gone away meanwhile; what was asked is done all the same.
fn answer(reply: Reply, answered: std::result::Result<Answer, StoreError>) {
    reply.send(answered).ok();
}
