"""Logs as one JSON object a line, and the figures at ``/metrics``. No secrets in either."""

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_audit = logging.getLogger("audit")


def configure_logging(level: str = "INFO") -> None:
    """Send structlog and the libraries' loggers to standard error as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processor=structlog.processors.JSONRenderer()
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # httpx logs whole URLs at INFO; bolt and APScheduler log every request and every tick.
    for name in (
        "httpx",
        "httpcore",
        "apscheduler",
        "slack_bolt",
        "slack_sdk",
        "uvicorn.access",
        "alembic",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Each connection that an outage of the database cost it, with a traceback.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    aloud = logging.StreamHandler(sys.stdout)
    aloud.setFormatter(logging.Formatter("%(message)s"))
    _audit.handlers = [aloud]
    _audit.setLevel(logging.INFO)
    _audit.propagate = False


def say_aloud(said: Mapping[str, Any]) -> None:
    """One JSON line on standard output, under the logger ``audit``."""
    _audit.info(json.dumps({"logger": _audit.name, **said}, ensure_ascii=False))


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "sendas_delegation_events_total",
            "Events of delegations, by kind.",
            ["event"],
            registry=self.registry,
        )
        self.close_failures = Counter(
            "sendas_close_failures_total",
            "Calls to Close that did not succeed, by problem.",
            ["problem"],
            registry=self.registry,
        )
        self.slack_failures = Counter(
            "sendas_slack_failures_total",
            "Messages that Slack did not take, by error.",
            ["error"],
            registry=self.registry,
        )
        self.lateness = Histogram(
            "sendas_end_lateness_seconds",
            "Seconds between a delegation's end time and Close's confirmation.",
            registry=self.registry,
            buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200),
        )
        self.overdue = Gauge(
            "sendas_delegations_ending",
            "Delegations that are over but not yet confirmed by Close.",
            registry=self.registry,
        )
        self.leaving = Gauge(
            "sendas_leavers_with_rights",
            "People who have left, and of whom Close may still hold a right.",
            registry=self.registry,
        )
        self.leaving_longest = Gauge(
            "sendas_leaver_oldest_seconds",
            "Seconds since it was said that the first of them had left.",
            registry=self.registry,
        )
        self.leaving_took = Gauge(
            "sendas_leaver_slowest_seconds",
            "Seconds from that word to the last right gone, the longest of the last seven days.",
            registry=self.registry,
        )
        self.longest_overdue = Gauge(
            "sendas_longest_past_end_seconds",
            "Seconds since the end of the delegation that has waited longest for Close's word.",
            registry=self.registry,
        )
        self.waiting = Gauge(
            "sendas_oldest_due_seconds",
            "Seconds for which the oldest due row of each worker has waited.",
            ["worker"],
            registry=self.registry,
        )
        self.reviews = Gauge(
            "sendas_reviews_open",
            "Grantors who were asked what is still needed, and have not answered.",
            registry=self.registry,
        )
        self.unsealed = Gauge(
            "sendas_seal_lag_seconds",
            "Seconds since the oldest entry of the log was made that no seal covers.",
            registry=self.registry,
        )
        self.database_up = Gauge(
            "sendas_database_up",
            "Whether the gauges were counted just now: 0 while the database does not answer.",
            registry=self.registry,
        )
        self.connections = Gauge(
            "sendas_connections",
            "People's connections to Close: alive, dead (only they can mend it), or leaving.",
            ["state"],
            registry=self.registry,
        )
