"""Reads a page of OpenMetrics from standard input by the strict parser of Prometheus' own client, and prints what it has read in
Prometheus' older form, for `promtool check metrics`."""

import sys

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families


class Read:
    """What was read, as a collector."""

    def __init__(self, text):
        self.families = list(text_string_to_metric_families(text))

    def collect(self):
        return self.families


registry = CollectorRegistry(auto_describe=False)
registry.register(Read(sys.stdin.read()))
sys.stdout.write(generate_latest(registry).decode())
