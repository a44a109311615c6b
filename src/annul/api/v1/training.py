"""Training: how far people are with their courses, and certificates by number."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response

from annul.client.models.training import CourseProgress, Trained, TrainingCertificate
from annul.desk import training as views
from annul.desk.desk import Desk
from annul.desk.roles import Scope, Visitor
from annul.domain.courses import Certificate, Course

from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/training", tags=["training"])
_PDF: Final = "application/pdf"
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The certificate.", "content": {_PDF: _BINARY}}
}
Auditor = Annotated[Visitor, needs(Scope.AUDIT)]
Anybody = Annotated[Visitor, needs(Scope.SHOP, Scope.AUDIT)]
Number = Annotated[
    str,
    Path(
        pattern=r"^[0-9A-Z]{6,40}$",
        description="As it stands on the certificate.",
        examples=["T7K3F9Q2MWA"],
    ),
]


@router.get("/progress", responses=problems())
async def progress(desk: AtDesk, visitor: Auditor) -> Trained:
    """List how far everybody is who has begun a course."""
    return Trained(
        items=tuple(
            CourseProgress(
                person=person.name,
                role=person.role,
                course=far.course.name,
                title=_said(far.course),
                version=far.course.version,
                done=far.done,
                of=far.of,
                open=far.open,
                certificate=_told(desk, far.certificate, far.course) if far.certificate else None,
            )
            for person in await views.everybody(desk, visitor)
            for far in person.courses
        )
    )


@router.get("/certificates/{certificate}", responses=problems(404))
async def certificate(certificate: Number, desk: AtDesk, visitor: Anybody) -> TrainingCertificate:
    """Read whose a certificate is, and whether it is valid now."""
    return _told(desk, *await views.certificate(desk, visitor, certificate))


@router.get(
    "/certificates/{certificate}/file",
    response_class=Response,
    responses=problems(404) | _FILE,
)
async def file(certificate: Number, desk: AtDesk, visitor: Anybody) -> Response:
    """Download a certificate, to be printed: one page in both languages."""
    content = await views.printed(desk, visitor, certificate)
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="annul-{certificate}.pdf"',
        "x-content-type-options": "nosniff",
    }
    return Response(content, 200, headers, _PDF)


def _told(desk: Desk, held: Certificate, course: Course) -> TrainingCertificate:
    valid = held.holds(desk.clock.now())
    return TrainingCertificate(**held._asdict(), title=_said(course), valid=valid)


def _said(course: Course) -> Any:
    return course.title._asdict()
