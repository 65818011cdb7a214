"""De-identification of clinical chat text after HIPAA Safe Harbor, 45 CFR 164.514(b)(2)."""

from conference.deid.engine import recheck, scan, screen
from conference.deid.model import Draft, Finding, Kind, Known, KnownPerson, Quasi, Role

__all__ = ["Draft", "Finding", "Kind", "Known", "KnownPerson", "Quasi", "Role", "recheck", "scan", "screen"]
