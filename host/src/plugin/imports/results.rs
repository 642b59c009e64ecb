//! `results`: the answer made of the answers.

use super::super::bindings::crowdhook::plugin::results::Host;
use super::super::guest::Guest;
use super::effects::check_id;
use super::{Failure, check_json};
use crate::effect::Effect;

const RESULT_BYTES_MAX: usize = 256 << 10;

impl Host for Guest {
    fn save(&mut self, task_id: String, info: String) -> Result<(), Failure> {
        let snapshot = self.handling()?.reads.snapshot().filter(|snapshot| snapshot.task.id == task_id);
        let result = snapshot.and_then(|snapshot| snapshot.result.as_ref()).map(|row| row.id.clone());
        let bytes = info.len();
        let checked = check_id("task-id", &task_id).and_then(|()| check_json("`info`", &info, RESULT_BYTES_MAX));
        self.ask_for(bytes, None, Effect::SaveResult { task: task_id, result, info }, |_| checked)
    }
}
