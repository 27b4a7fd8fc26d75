"""What two declared at a terminal, as values and as the file of wraps writes it."""

from datetime import timedelta

from client.domain.declaration import Cause, Declaration
from client.domain.deputy import Deputy
from offline.store.wraps import DeclaredNote, DeputyNote, WrapBook


def declaration_in(book: WrapBook) -> Declaration | None:
    """Return the declaration of disaster a book of wraps has; a cause of a newer program's is another one."""
    note = book.declared
    if note is None:
        return None
    known = {cause.value for cause in Cause}
    cause = Cause(note.cause) if note.cause in known else Cause.OTHER
    return Declaration(
        note.officer, note.other, cause, note.made_at, note.until, note.since, timedelta(seconds=note.most)
    )


def declared_note(declaration: Declaration | None) -> DeclaredNote | None:
    """Return a declaration of disaster as it is written."""
    if declaration is None:
        return None
    return DeclaredNote(
        officer=declaration.officer,
        other=declaration.other,
        cause=declaration.cause.value,
        made_at=declaration.made_at,
        until=declaration.until,
        since=declaration.since,
        most=int(declaration.most.total_seconds()),
    )


def deputy_in(book: WrapBook) -> Deputy | None:
    """Return the 職務代理者 a book of wraps has, over or not."""
    note = book.deputy
    if note is None:
        return None
    return Deputy(
        note.officer,
        note.other,
        note.title,
        note.name,
        note.first_day,
        note.last_day,
        note.made_at,
        note.register_at,
    )


def deputy_note(deputy: Deputy | None) -> DeputyNote | None:
    """Return a 職務代理者 as it is written."""
    if deputy is None:
        return None
    return DeputyNote(
        officer=deputy.officer,
        other=deputy.other,
        title=deputy.title,
        name=deputy.name,
        first_day=deputy.first_day,
        last_day=deputy.last_day,
        made_at=deputy.made_at,
        register_at=deputy.register_at,
    )
