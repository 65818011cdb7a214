"""Confer on Matrix: encrypted rooms over matrix-nio's crypto, with an own sync loop and own checks of who speaks."""

from adapters.matrix.login import LoginRefused, log_in, log_out, said_about
from adapters.matrix.platform import MatrixPlatform, Stopped
from adapters.matrix.settings import DevicePolicy, MatrixSetup

__all__ = [
    "DevicePolicy",
    "LoginRefused",
    "MatrixPlatform",
    "MatrixSetup",
    "Stopped",
    "log_in",
    "log_out",
    "said_about",
]
