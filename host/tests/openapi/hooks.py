"""What Schemathesis takes for a failure and is none, each with its reason."""

import re

import schemathesis


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return not (is_number_that_reads_as_a_kind(case, response) or has_whole_number_with_a_point(case, response))


def is_number_that_reads_as_a_kind(case, response):
    """In a query everything is text, and `kind=0.5` names a kind of event: two words with a dot between them."""
    kind = str((case.query or {}).get("kind"))
    return response.status_code == 200 and re.fullmatch(r"[0-9]+\.[0-9]+", kind) is not None


def has_whole_number_with_a_point(case, response):
    """To JSON Schema `80.0` is an integer. The host wants it written as one."""
    return response.status_code == 422 and "floating point" in response.text and holds_float(case.body)


def holds_float(value):
    if isinstance(value, dict):
        return any(map(holds_float, value.values()))
    if isinstance(value, list):
        return any(map(holds_float, value))
    return isinstance(value, float) and value.is_integer()
