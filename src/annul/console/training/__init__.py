"""Training: one's courses, their lessons with tasks, and certificates."""

from typing import Final

from annul.console.frame.page import ConsolePage

from .certificate import certificate
from .course import course
from .list import training

PAGES: Final = (
    ConsolePage("/training", None, "Training", training, "star"),
    ConsolePage("/training/{course}", None, "Training", course),
    ConsolePage("/training/certificates/{certificate}", None, "Certificate", certificate),
)
