"""What can be asked of annul about who has learnt what."""

from .models.training import CourseProgress, Trained, TrainingCertificate
from .transport import Transport


class Training:
    """Progress of people, and certificates by number."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def progress(self) -> tuple[CourseProgress, ...]:
        """Say how far everybody is who has begun a course."""
        return self._transport.get(Trained, "training", "progress").items

    def certificate(self, number: str) -> TrainingCertificate:
        """Look a certificate up."""
        return self._transport.get(TrainingCertificate, "training", "certificates", number)

    def file(self, number: str) -> bytes:
        """Give it as a PDF, in both languages."""
        return self._transport.send("GET", "training", "certificates", number, "file").content
