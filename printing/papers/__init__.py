"""One paper, one file: values → pages. No drawing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from client.domain.certificate import CertificateKind, Decided
from printing.layout.form import read_form
from printing.layout.glyphs import FontChain
from printing.layout.page import Page
from printing.papers import juminhyo_copy


@dataclass(frozen=True, slots=True)
class Paper:
    """A kind of certificate: its form, and how a decided one becomes pages."""

    form: str
    pages: Callable[[Decided, FontChain], tuple[Page, ...]]

    @property
    def title(self) -> str:
        """Return the paper's kind in words: a PDF's title and a print job's name, never a person's."""
        return read_form(self.form).words["kind"]


PAPERS: Mapping[CertificateKind, Paper] = {
    CertificateKind.JUMINHYO_COPY: Paper(juminhyo_copy.FORM, juminhyo_copy.pages),
}
