"""Makes a task's answer of transcriptions that differ: the text that is most like all the others.

`wit_world` comes from the `.wit` files. `python build.py bindings` writes it out, with what the host promises of each function.
"""

import json

import wit_world
from wit_world.imports import crowd, events, results, state
from wit_world.imports.types import Description, Event, Problem

from analysis import Answer, analyse, text_of
from consensus import Settings

SETTINGS_SCHEMA = {
    "type": "object",
    "properties": {
        "question": {
            "type": "string",
            "minLength": 1,
            "description": "The member of the answers that holds the text, where answers are JSON objects. Without it, the whole answer is the text.",
        },
        "minimum": {"type": "integer", "minimum": 1, "default": 2, "description": "How many texts have to count before anything is decided."},
        "agreement": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "default": 0.8,
            "description": "How like the others, on average, a text has to be, 0 to 1. A text that is as like the answer agrees with it.",
        },
        "compare": {
            "enum": ["characters", "words"],
            "default": "characters",
            "description": "What is compared. Words are for long texts: comparing characters takes time by the square of their number.",
        },
        "ignore_case": {"type": "boolean", "default": False, "description": "Whether `Cat` is `cat`."},
        "ignore_space": {
            "type": "boolean",
            "default": True,
            "description": "Whether white space at both ends is dropped, and any other is one space.",
        },
        "ignore_punctuation": {"type": "boolean", "default": False, "description": "Whether full stops, commas, quotes and the like are left out."},
    },
    "additionalProperties": False,
}


class WitWorld(wit_world.WitWorld):
    def describe(self) -> Description:
        """What this plugin is. Called once, when it is loaded."""
        return Description(
            name="similar-texts",
            version="0.1.0",
            summary="Makes a task's answer of texts that differ: the one that is most like all the others.",
            handles=["task.completed"],
            needs=["results", "events"],
            settings_schema=json.dumps(SETTINGS_SCHEMA),
            extra="{}",
        )

    def check_settings(self, settings: str) -> list[Problem]:
        """What is wrong with settings that fit the schema: nothing can be."""
        return []

    def handle(self, event: Event, settings: str) -> None:
        """Handles one event: reads now, and what it asks for is done once it has returned."""
        task = crowd.event_task()
        if task.gold:
            return  # a test question, whose answer is known
        answers = [Answer(one.id, one.worker, json.loads(one.value), one.set_aside) for one in crowd.event_answers()]
        key = f"verdict/{task.id}"
        last = state.get(key)
        outcome = analyse(answers, Settings(**json.loads(settings)), None if last is None else json.loads(last))

        results.save(task.id, text_of(outcome.saved))
        if outcome.emitted is not None:
            state.set(key, text_of(outcome.remembered))
            # No once-key: a verdict that comes back to what it was before is news again.
            events.emit("task.analysed", None, text_of(outcome.emitted), None)
