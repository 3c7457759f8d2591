"""Checks: what tests, evaluations and scans say of commits."""

from __future__ import annotations

from groundswell.hub.checks.service import Checks
from groundswell.hub.checks.values import LOG_BYTES_MAX, Check, Report, State, checked_name

__all__ = ["LOG_BYTES_MAX", "Check", "Checks", "Report", "State", "checked_name"]
