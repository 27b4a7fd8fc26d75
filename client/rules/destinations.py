"""Where a print queue leads, by what it says of itself: to paper, or into a file that anybody who has it can read."""

import re
import unicodedata
from collections.abc import Iterable

# Names and models of queues that print into files, as their makers call them. A printer that merely understands PDF
# (「Generic PDF Printer」 and many real ones) is none: the word alone says nothing.
_INTO_FILES = re.compile(
    r"cups[-_ ]?pdf|virtual[-_ ]?pdf|pdf[-_ ]?writer|print(er|ing)?[-_ ]?(in)?to[-_ ]?(a[-_ ]?)?(pdf|file|xps)"
    r"|xps document writer|microsoft xps|pdf ?creator|cute ?pdf|primo ?pdf|do ?pdf|bullzip|pdf24|pdf-?xchange"
    r"|adobe pdf|distiller|foxit.* pdf|docuworks printer|one ?note|クセロ ?pdf|いきなり ?pdf|瞬簡 ?pdf|仮想プリンタ"
)
_NAMED_PDF = frozenset({"pdf", "xps", "file"})  # what cups-pdf's queue is called unless somebody renames it
_FILE_ADDRESS = re.compile(r"^(cups-pdf|pdf|file|xps|virtual)[:/]")


def leads_into_files(*, names: Iterable[str], addresses: Iterable[str]) -> bool:
    """Tell whether a queue of these names and models, or with a device at one of these addresses, prints into files.

    A queue that says neither cannot be told from a printer: who sets it up on a PC can name it as they like.
    """
    said = [unicodedata.normalize("NFKC", name).casefold().strip() for name in names]
    return (
        any(name in _NAMED_PDF or _INTO_FILES.search(name) for name in said)
        or any(_FILE_ADDRESS.match(one.strip().casefold()) for one in addresses)
    )  # fmt: skip
