"""Saves the answer that enough people agree on as the task's result.

`wit_world` comes from the `.wit` files. `python build.py bindings` writes it out, with what the host promises of each function.
"""

import json
from dataclasses import asdict

import wit_world
from wit_world.imports import crowd, log, results
from wit_world.imports.types import Description, Event, Problem

# `componentize-py` looks for imports when it builds: what is imported later, within a function, is not there.
from tally import Agreed, Settings, decide

SETTINGS_SCHEMA = {
    "type": "object",
    "properties": {
        "question": {
            "type": "string",
            "minLength": 1,
            "description": "The member of the answers that is voted on, where answers are JSON objects. Without it, the whole answer.",
        },
        "agreement": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "default": 0.5,
            "description": "The share of the counted answers that has to agree.",
        },
        "minimum": {"type": "integer", "minimum": 1, "default": 1, "description": "How many answers have to count."},
    },
    "additionalProperties": False,
}


class WitWorld(wit_world.WitWorld):
    def describe(self) -> Description:
        """What this plugin is. Called once, when it is loaded."""
        return Description(
            name="vote",
            version="0.1.0",
            summary="Saves the answer that enough people agree on.",
            handles=["task.completed"],
            needs=["results"],
            settings_schema=json.dumps(SETTINGS_SCHEMA),
            extra="{}",
        )

    def check_settings(self, settings: str) -> list[Problem]:
        """What is wrong with settings that fit the schema."""
        question = Settings(**json.loads(settings)).question
        if question is None or question == question.strip():
            return []
        return [Problem("/question", f'no answer has this name, with blanks around it; write "{question.strip()}"')]

    def handle(self, event: Event, settings: str) -> None:
        """Handles one event: reads now, and what it asks for is done once it has returned."""
        if event.task_id is None:
            return
        # What fails here (the platform cannot be reached, say) is not caught: the host knows what to do about its own failures.
        answers = [json.loads(answer.value) for answer in crowd.event_answers() if not answer.set_aside]
        decision = decide(answers, Settings(**json.loads(settings)))
        if isinstance(decision, Agreed):
            results.save(event.task_id, json.dumps(asdict(decision), ensure_ascii=False))
        else:
            log.write(log.Level.INFO, decision.reason, [])
