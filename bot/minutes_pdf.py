"""Minutes as a PDF."""

from collections.abc import Sequence
from html import escape
from io import BytesIO
from zoneinfo import ZoneInfo

from bot.present.minutes import signature
from conference.meeting import Meeting
from conference.minutes import MinutesPart
from conference.people import Member


def minutes_pdf(
    meeting: Meeting, parts: Sequence[MinutesPart], members: Sequence[Member], team: str, zone: ZoneInfo
) -> bytes:
    """One A4 or more; the same words as the message, and page numbers."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.pagesizes import A4  # slow to import, and few commands need it
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

    for name, file in (("Vera", "Vera.ttf"), ("Vera-Bold", "VeraBd.ttf")):
        pdfmetrics.registerFont(TTFont(name, file))
    body = ParagraphStyle("body", fontName="Vera", fontSize=9.5, leading=13.5)
    head = ParagraphStyle(
        "head", parent=body, fontName="Vera-Bold", fontSize=11, leading=15, spaceBefore=8, spaceAfter=2
    )
    title = ParagraphStyle("title", parent=head, fontSize=15, leading=20)
    quiet = ParagraphStyle("quiet", parent=body, fontSize=8.5, textColor=HexColor("#555555"))

    story: list[Flowable] = [Paragraph(escape(f"Minutes: {meeting.title}"), title), Paragraph(escape(team), quiet)]
    for part in parts:
        story.append(Paragraph(escape(part.title), head))
        story += [Paragraph(escape(line).replace("  ", "&nbsp;&nbsp;"), body) for line in part.text.splitlines()]
    story.append(Spacer(1, 6 * mm))
    story += [Paragraph(escape(line), quiet) for line in signature(meeting, members, zone)]

    def number(canvas, document):  # type: ignore[no-untyped-def]
        canvas.setFont("Vera", 8)
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, f"{meeting.ref}, page {document.page}")

    out = BytesIO()
    # Without `invariant` the file would carry the moment of its making; the same minutes give the same file.
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, title=f"Minutes {meeting.ref}", invariant=1
    )
    document.build(story, onFirstPage=number, onLaterPages=number)
    return out.getvalue()
