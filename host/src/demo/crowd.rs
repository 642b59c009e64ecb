//! The made-up crowd: two practice platforms with planned answers.

use std::net::SocketAddr;

use anyhow::Context as _;
use url::Url;

use crate::practice::seed::demo_job;
use crate::practice::{Appen, Mastodon, Pybossa, Seed, appen};

/// What signs the practice Appen's posts.
pub(super) const SIGNING_TOKEN: &str = "practice-signing-token-of-the-demo";
/// The hook's token of each project. A real one is random, as `crowdhook init` makes it.
pub(super) const HOOK_TOKEN: &str = "practice-hook-token-of-the-demo";
/// What opens the practice Mastodon.
pub(super) const POSTS_TOKEN: &str = "practice-posts-token-of-the-demo";
/// The PYBOSSA project whose results set off everything else: posts, mails, badges, new tasks, a file.
pub(super) const CHAIN_PROJECT: &str = "birds";
/// The PYBOSSA project that gets what the crowd could not decide.
pub(super) const EXPERTS_PROJECT: &str = "experts";
/// The Appen job's project in Crowdhook.
pub(super) const APPEN_PROJECT: &str = "cats-and-dogs";

/// A PYBOSSA project of the demo, and how its answers are voted on.
pub(super) struct Shown {
    pub(super) name: &'static str,
    pub(super) settings: &'static str,
}

/// The PYBOSSA projects, in the order in which they are shown.
pub(super) const PYBOSSA_PROJECTS: &[Shown] = &[
    Shown { name: "birds", settings: "pointer = \"/animal\"\nignore_case = true\n" },
    Shown { name: "forms", settings: "questions = \"all\"\nlists = \"set\"\n" },
    Shown { name: "counts", settings: "pointer = \"/count\"\n" },
    Shown { name: "transcripts", settings: "pointer = \"/text\"\nignore_case = true\nunicode = \"nfkc\"\n" },
];

/// The platforms.
pub(super) struct Crowd {
    pub(super) pybossa: Pybossa,
    pub(super) appen: Appen,
    pub(super) mastodon: Mastodon,
}

impl Crowd {
    pub(super) async fn gather() -> anyhow::Result<Self> {
        let pybossa = Pybossa::start(Seed::demo()).await?;
        let appen = Appen::new(appen::Settings::new(SIGNING_TOKEN), demo_job());
        pybossa.add_project(EXPERTS_PROJECT);
        let mastodon = Mastodon::start(POSTS_TOKEN).await?;
        Ok(Self { pybossa, appen, mastodon })
    }

    /// Does what an owner does: pastes the URL of the hook. PYBOSSA asks there before it lets it be saved.
    pub(super) async fn connect(&self, hooks: SocketAddr) -> anyhow::Result<()> {
        for shown in PYBOSSA_PROJECTS {
            let url = hook_url(hooks, shown.name);
            self.pybossa.save_webhook(shown.name, &url).await.with_context(|| format!("project `{}`", shown.name))?;
        }
        self.appen.set_webhook(Url::parse(&hook_url(hooks, APPEN_PROJECT))?);
        Ok(())
    }

    /// Has the crowd answer; the last answer of each task makes its platform call the hook.
    pub(super) async fn answer(&self) -> anyhow::Result<()> {
        for shown in PYBOSSA_PROJECTS {
            self.pybossa.give_planned(shown.name);
        }
        for unit in self.appen.units() {
            while self.appen.judge_planned(unit).await.is_some() {}
        }
        for posting in self.appen.fire_golds().await {
            anyhow::ensure!(posting.delivered, "the practice Appen's post was not taken");
        }
        self.pybossa.settled().await;
        Ok(())
    }
}

/// The URL to paste.
pub(super) fn hook_url(hooks: SocketAddr, project: &str) -> String {
    format!("http://{hooks}/hooks/{project}/{HOOK_TOKEN}")
}
