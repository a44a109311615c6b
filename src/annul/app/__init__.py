"""The one place that wires everything: ground, host, pages."""

from .foundation import AlreadyRunning, Ground, ground
from .hosting import Running, serve
from .pages import desk_page, status_page

__all__ = ["AlreadyRunning", "Ground", "Running", "desk_page", "ground", "serve", "status_page"]
