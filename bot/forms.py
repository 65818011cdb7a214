"""The case form: what it asks, and what people call the fields."""

from collections.abc import Mapping

from adapters.card import Field
from conference.case import Case, Identifier, Section
from conference.record import read_birth
from conference.refusal import Refusal

MOST = 8_000

_SECTIONS: tuple[Field, ...] = (
    Field("question", "The one question for the team", "e.g. Switch the SSRI, or treat the low desire first?", other_names=("ask",)),
    Field("background", "Background", "Psychiatric, medical, substance use, psychosocial", multiline=True, other_names=("history", "summary", "hx")),
    Field("medication", "Medication and recent changes", "", multiline=True, other_names=("medications", "meds", "drugs")),
    Field("treatment", "Treatment so far, and for how long", "", multiline=True, other_names=("treatment so far", "therapy", "tx")),
    Field(
        "sexual health", "Relational and sexual health", "Shown only to those the patient allowed", multiline=True,
        other_names=("relational and sexual health", "sexual", "relational", "relationship", "sex"),
    ),
    Field("goals", "Goals, in the patient's words", "", multiline=True, other_names=("goal", "wishes", "preferences")),
    Field("safety", "Safety", "e.g. none, or what worries you", multiline=True, other_names=("risk", "risks")),
)  # fmt: skip

_IDENTIFIERS: tuple[Field, ...] = (
    Field(
        "patient", "The patient's names, nicknames too", "Kept sealed; only used to find and hide them",
        other_names=("name", "names", "patient name", "patient names", "identifiers", "known identifiers"),
    ),
    Field("people", "Relatives, partner, others", "e.g. partner Sam Roe; mother Ann", other_names=("relatives", "family", "partner", "others")),
    Field("mrn", "Record number", "", other_names=("record number", "record", "chart")),
    Field("born", "Date of birth", "", other_names=("dob", "birth date", "date of birth", "birthday")),
    Field("phone", "Phone numbers", "", other_names=("phones", "telephone", "mobile")),
    Field("email", "E-mail addresses", "", other_names=("e-mail", "mail", "emails")),
    Field("address", "Addresses and towns", "", other_names=("addresses", "town", "city", "home")),
    Field("employer", "Employer", "", other_names=("work", "job", "company")),
    Field("school", "School", "", other_names=("college", "university")),
)  # fmt: skip


def case_fields(case: Case | None) -> tuple[Field, ...]:
    """The fields, filled with what the case says already: the clinical words first, the identifiers after."""
    if case is None:
        return (*_SECTIONS, *_IDENTIFIERS)
    values = {**{s.value: t for s, t in case.texts.items()}, **{i.value: t for i, t in case.identifiers.items()}}
    return tuple(_filled(field, values.get(field.name, "")) for field in (*_SECTIONS, *_IDENTIFIERS))


def read_case_form(fields: Mapping[str, str]) -> tuple[dict[Section, str], dict[Identifier, str]]:
    """What a filled form says, by section and identifier. An unknown field or too long a text is refused."""
    names = {n: field.name for field in (*_SECTIONS, *_IDENTIFIERS) for n in (field.name, *field.other_names)}
    texts: dict[Section, str] = {}
    identifiers: dict[Identifier, str] = {}
    for typed, value in fields.items():
        name = names.get(" ".join(typed.casefold().replace("_", " ").replace("-", " ").split())) or names.get(
            typed.casefold()
        )
        if name is None:
            raise Refusal(f"The form has no field “{typed[:40]}”. It has: {', '.join(dict.fromkeys(names.values()))}.")
        if len(value) > MOST:
            raise Refusal(f"“{name}” has {len(value):,} characters; at most {MOST:,} fit.")
        if name in set(Section):
            texts[Section(name)] = value.strip()
        else:
            identifiers[Identifier(name)] = value.strip()
    return texts, identifiers


def check_case_field(name: str, value: str) -> None:
    """Refuses what the case's record could not hold in this field."""
    if name == Identifier.BORN.value and value.strip():
        read_birth(value)


def _filled(field: Field, value: str) -> Field:
    return Field(
        field.name, field.label, field.hint, value, field.required, field.multiline, field.choices, field.other_names
    )
