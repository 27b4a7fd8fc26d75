"""A hall server runs for years: it renews its own certificate and shows it to whoever calls, without a start anew."""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from client.config import Config
from client.domain.errors import LinkDownError
from cloud.faults import Fault, FaultKind
from offline.hall.key_file import KeyFile
from offline.store.terminal_file import read_facts
from tests.api.small_cloud import town
from tests.promises.terminals import PC, Site
from ui.doors import utc_now
from ui.hall import Hall, _opened

pytestmark = pytest.mark.asyncio


async def test_it_renews_at_two_thirds_and_a_line_that_fails_costs_it_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path / "cloud", list(town()))
    pc = PC((site,))
    monkeypatch.setattr("ui.hall.http_of", pc._http)
    token = tmp_path / "token"
    token.write_text(site.tenant.terminals.new_token("hall"), "utf-8")
    config = Config(data_dir=tmp_path / "hall", cloud_url=site.url, enrolment_token_file=str(token))
    with monkeypatch.context() as back:
        back.setattr(site.tenant.terminals, "_now", lambda: utc_now() - timedelta(days=365 * 4))
        folder = await _opened(config, KeyFile(config.terminal_dir, b"s" * 32))
    http = pc._http(config, folder.facts)
    http.identity = folder.identity
    hall = Hall(folder, http, metered=False)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(http.close)
        await hall.open(stack, "127.0.0.1:0")
        site.app.state.faults.plan(Fault(FaultKind.RESET, "/v1/terminals/self/certificate", times=99))
        with pytest.raises(LinkDownError):
            await hall._certificate.round()
        site.app.state.faults.clear()
        assert read_facts(config.terminal_dir / "terminal.json") == folder.facts
        await hall._tend()
        renewed = read_facts(config.terminal_dir / "terminal.json")
        assert renewed
        old, new = (
            x509.load_pem_x509_certificate(one.certificate.encode()) for one in (folder.facts, renewed)
        )
        assert new.not_valid_after_utc > old.not_valid_after_utc
        assert new.public_key() == old.public_key()
        assert folder.peer.read() is not None, "the lease of the new one was fetched in the same round"
        assert not await hall._certificate.round()
    site.tenant.close()
