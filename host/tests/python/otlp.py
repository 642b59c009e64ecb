"""Reads a request to export traces, as JSON, from standard input by OpenTelemetry's own description of it: a field that there is not, or of
another type, is an error. (Ids are hexadecimal in OTLP's JSON and base64 in the usual form of protobuf's; both read as bytes here.)"""

import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

request = json_format.Parse(sys.stdin.read(), ExportTraceServiceRequest())
assert request.resource_spans[0].scope_spans[0].spans, "there is no span"
