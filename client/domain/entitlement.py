"""What a resident belongs to beside the record (住基法 第7条第10〜11号の2)."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from client.domain.resident import AtenaNo


class Service(Enum):
    """国民年金, 介護保険, 後期高齢者医療 and 児童手当."""

    NENKIN = "nenkin"
    KAIGO = "kaigo"
    KOKI = "koki"
    JIDO_TEATE = "jido_teate"


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One spell of belonging, both days included.

    ``number`` is never a 基礎年金番号.
    """

    atena_no: AtenaNo
    service: Service
    since: date
    until: date | None
    kind: str | None
    number: str | None
