"""Confer on Matrix: encrypted rooms over matrix-nio's crypto, with an own sync loop and own checks of who speaks."""

from adapters.matrix.login import Credentials, LoginRefused, log_in, log_out, register, said_about
from adapters.matrix.platform import MatrixPlatform, Stopped
from adapters.matrix.settings import DevicePolicy, MatrixSetup
from adapters.matrix.verification import compare

__all__ = [
    "Credentials",
    "DevicePolicy",
    "LoginRefused",
    "MatrixPlatform",
    "MatrixSetup",
    "Stopped",
    "compare",
    "log_in",
    "log_out",
    "register",
    "said_about",
]
