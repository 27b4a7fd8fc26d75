"""A counter that issues: the product's own job with its ledger on disk, pages laid out and drawn, papers in a folder."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from client.api.auth import Sessions
from client.api.certificates import CertificateDesk
from client.domain.as_of import Source
from client.domain.certificate import (
    CertificateKind,
    CertificateRequest,
    IdentityCheck,
    JuminhyoOptions,
    Requester,
)
from client.domain.clerk import SignIn
from client.domain.resident import AtenaNo
from client.domain.terminal import facts_of
from client.jobs.issue_certificate import IssueCertificate
from client.jobs.reach import Reach
from client.jobs.watch_link import LinkWatch
from client.rules import totp
from offline.store.ledger import LedgerFile
from printing.desk.press import FilePress
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from tests.bench._terminal import KEY, Terminal, now


@dataclass
class IssuingCounter:
    """One clerk, signed in at the cloud."""

    sign_in: SignIn
    job: IssueCertificate
    ledger: LedgerFile
    press: FilePress
    watching: asyncio.Task[None]

    @classmethod
    async def opened(cls, terminal: Terminal, ready: Mapping[str, Any], folder: Path) -> "IssuingCounter":
        """Sign a clerk in and warm the press, as a counter is in the morning."""
        person = ready["staff"][0]
        code = totp.code(base64.b32decode(person["totp_seed"]), totp.step_of(datetime.now(UTC)))
        session = await Sessions(terminal.http, now=now).sign_in(person["staff_id"], person["password"], code)
        sign_in = session.sign_in
        assert terminal.http.identity
        facts = facts_of(terminal.told, str(ready["url"]))
        ledger = LedgerFile(folder, facts, now, terminal.http.identity.sign)
        await ledger.open(KEY, begun=False)
        press = FilePress(FontChain(find_fonts()), folder / "papers", "プリンタ001")
        await press.warm()
        watch = LinkWatch(terminal.http.probe, now, asyncio.sleep)
        job = IssueCertificate(
            CertificateDesk(terminal.http, lambda: sign_in.access_token, now=now),
            terminal.replica,
            Reach(watch),
            ledger,
            press,
            now=now,
            declared=lambda: False,
            words=terminal.replica.form_words,
            clock_offset_ms=lambda: terminal.http.clock_offset_ms,
        )
        return cls(sign_in, job, ledger, press, asyncio.create_task(watch.run()))

    async def issue(self, atena_no: AtenaNo) -> bool:
        """Issue a copy of somebody's record until it lies in the folder; tells whether the cloud said what is on it."""
        request = CertificateRequest(
            kind=CertificateKind.JUMINHYO_COPY,
            subject=atena_no,
            members=(atena_no,),
            options=JuminhyoOptions(relationship=True),
            requester=Requester.SELF,
            identity=IdentityCheck.PHOTO,
            purpose="",
        )
        prepared = await self.job.prepare(self.sign_in, request)
        (issued,) = await self.job.issue(self.sign_in, prepared)
        if issued.trouble:
            raise issued.trouble
        return prepared.decided.as_of.source is Source.CLOUD

    async def close(self) -> None:
        """Close the book."""
        self.watching.cancel()
        self.press.close()
        await self.ledger.close()
