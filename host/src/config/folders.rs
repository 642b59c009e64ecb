//! The folders of a project that its plugins may be granted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Spanned;

use super::Folder;
use super::project::Check;
use crate::id::PluginName;

impl Check<'_, '_> {
    pub(super) fn folders(&mut self, said: BTreeMap<Spanned<String>, Spanned<String>>) -> Vec<Folder> {
        let mut said: Vec<(Spanned<String>, Spanned<String>)> = said.into_iter().collect();
        said.sort_by_key(|(name, _)| name.span().start);
        said.into_iter().filter_map(|(name, path)| self.folder(&name, &path)).collect()
    }

    fn folder(&mut self, name: &Spanned<String>, path: &Spanned<String>) -> Option<Folder> {
        let key = format!("folders.{}", name.get_ref());
        let own = self.name::<PluginName>(&format!("`{key}`"), name);
        let path = self.usable_folder(&key, path);
        Some(Folder { name: own?.to_string(), path: path?, line: self.document.line(name.span().start) })
    }

    /// The folder that the key `key` names, if what plugins write may lie there.
    pub(super) fn usable_folder(&mut self, key: &str, said: &Spanned<String>) -> Option<PathBuf> {
        if said.get_ref().is_empty() {
            let last = key.rsplit('.').next().unwrap_or(key);
            let help = format!("write a folder: `{last} = \"../{last}\"`; a relative path begins at this file's folder");
            self.document.error(&said.span(), format!("`{key}` is empty"), Some(help));
            return None;
        }
        match self.context.folder(&self.folder.join(said.get_ref()), self.folder) {
            Ok(found) => Some(found),
            Err(problem) => {
                self.document.error(&said.span(), format!("`{key}` {}", problem.why), Some(problem.help));
                None
            }
        }
    }
}
