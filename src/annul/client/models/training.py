"""Training: how far people are with their courses, and certificates."""

from pydantic import Field

from .parts import Model, Said, Time


class TrainingCertificate(Model, frozen=True):
    """That somebody has finished a course."""

    number: str = Field(examples=["T7K3F9Q2MWA"])
    person: str = Field(examples=["mei"])
    course: str = Field(examples=["cashier"])
    title: Said = Field(description="Of the course.")
    version: int = Field(examples=[1])
    at: Time
    valid_until: Time
    valid: bool = Field(description="Now.", examples=[True])


class CourseProgress(Model, frozen=True):
    """How far a person is with a course."""

    person: str = Field(examples=["mei"])
    role: str = Field(description="Empty: no user here.", examples=["cashier"])
    course: str = Field(examples=["cashier"])
    title: Said
    version: int = Field(examples=[1])
    done: int = Field(description="Tasks and questions that are done.", examples=[5])
    of: int = Field(description="How many there are.", examples=[8])
    open: bool = Field(
        description="There is something to do; else a certificate is good for a while.",
        examples=[True],
    )
    certificate: TrainingCertificate | None = Field(description="The last one.")


class Trained(Model, frozen=True):
    """How far everybody is who has begun a course."""

    items: tuple[CourseProgress, ...]
