"""P11: a terminal that is ordered to wipe hands over, erases keys and files, says so, and goes on after a kill anywhere."""

import json
import os
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from textwrap import dedent

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

import ui.doors
from client.api.upkeep import UpkeepDesk
from client.domain.erasure import WipeStep
from client.domain.errors import LinkDownError, RefusedError, SignInNeededError, StoreError
from client.jobs.heed_orders import HeedOrders
from client.rules import totp
from client.rules.modes import StopReason
from cloud import storage
from cloud.faults import Fault, FaultKind
from cloud.orders import NewOrder
from offline.store.erasure import TerminalOnDisk
from offline.store.files import write_whole
from offline.store.keys import Vault
from offline.store.order_file import OrderFile
from offline.store.unsent import FILE as UNSENT
from offline.store.unsent import read_unsent
from offline.store.wipe_file import FILE, WipeFile
from tests.api.small_cloud import CODE, PASSWORD, SEED, town
from tests.promises.terminals import PC, Site, config_in, open_terminal
from tests.store_builders import MemoryKeyring, a_change
from ui.cli import exit_codes, verbs
from ui.doors import utc_now, wipe_of
from ui.wiping import Wiping
from ui.wiring import line_of

pytestmark = pytest.mark.asyncio


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(tmp_path / "cloud", list(town()))
    yield opened
    opened.tenant.close()


@pytest.fixture
def pc(site: Site, monkeypatch: pytest.MonkeyPatch) -> PC:
    made = PC((site,))
    made.plug_in(monkeypatch)
    return made


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"lock", "logs"}


def of_kind(site: Site, kind: str) -> list[str]:
    return [line for line in site.everything()["quarantine"] if f"'{kind}'" in line]


async def test_a_revoked_terminal_is_wiped_by_the_towns_signed_order_alone(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    folder = config.terminal_dir
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        doors = terminal.doors
        number, certificate = doors.facts.terminal_no, doors.facts.certificate
        await terminal.issue(2)
        await doors.stores.ledger.queue(a_change())
        await doors.stores.close()
        site.tenant.terminals.revoke(number)
        shut: list[bool] = []
        orders = HeedOrders(UpkeepDesk(doors.http, doors.facts), OrderFile(folder), shut=shut.append)
        await orders.round()
        assert shut == [True]
        order_id = orders.to_be_erased
        assert order_id
        job = wipe_of(config, doors.vault, doors.facts, doors.http)
        await job.begin(order_id)
        assert await job.go_on()
        assert len(of_kind(site, "fact.issued")) == 2
        assert len(of_kind(site, "todoke.tenkyo")) == 1
        assert len(of_kind(site, "fact.erased")) == 1, "a revoked terminal's last word, for a person"
        assert site.tenant.orders.told(order_id)[2] == "done"
        assert pc.ring.secrets == {}
        assert left_in(folder) == {f"erased-{number}.json"}
        kept = json.loads((folder / f"erased-{number}.json").read_bytes())
        told = json.loads(kept["words"])
        assert told["handed_over"] == {"changes": 5, "attachments": 0}
        assert {"ledger.db", "wraps.json", "keyring"} <= set(told["erased"])
        assert told["order_id"] == order_id
        key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        signed = b"madoguchi-erasure-v1\n" + kept["words"].encode()
        key.verify(b64decode(kept["signature"]), signed, ec.ECDSA(SHA256()))
    assert not job.under_way


async def test_with_no_line_it_is_locked_at_once_and_nothing_unsent_is_erased(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    folder = config.terminal_dir
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.issue()
        clerk, code = terminal.sign_in.clerk.staff_id, totp.code(SEED, totp.step_of(utc_now()) + 1)
        await terminal.doors.stores.close()
        job = wipe_of(config, terminal.doors.vault, terminal.doors.facts, terminal.doors.http)
        site.app.state.faults.plan(Fault(FaultKind.RESET, "/v1/carried", times=99))
        await job.begin()
        with pytest.raises(LinkDownError):
            await job.go_on()
        assert {"ledger.db", UNSENT, FILE} <= left_in(folder)
        with pytest.raises(SignInNeededError, match="unknown_here"):
            await terminal.doors.vault.unlock(clerk, PASSWORD, code, now=utc_now())
        with pytest.raises(LinkDownError):
            await job.go_on()
        site.app.state.faults.clear()
        assert await job.go_on()
        assert site.count(storage.issue_book) == 1


@pytest.mark.parametrize("of", [1, 2], ids=["the only copy", "the first of several"])
async def test_a_damaged_copy_keeps_no_other_back_and_the_certificate_says_that_it_was_there(
    pc: PC, site: Site, tmp_path: Path, of: int
) -> None:
    config = config_in(tmp_path / "pc", site)
    folder = config.terminal_dir
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        for _ in range(of):
            await terminal.doors.stores.ledger.queue(a_change())
        await terminal.doors.stores.close()
        waiting = len(read_unsent(folder))
        content = bytearray((folder / UNSENT).read_bytes())
        content[40] ^= 1
        (folder / UNSENT).write_bytes(content)
        job = wipe_of(config, terminal.doors.vault, terminal.doors.facts, terminal.doors.http)
        await job.begin()
        assert await job.go_on()
        (kept,) = folder.glob("erased-*.json")
        told = json.loads(json.loads(kept.read_bytes())["words"])
        assert told["handed_over"]["changes"] == waiting - 1
        assert told["erased"].count("unsent.damaged") == 1


async def test_what_the_cloud_does_not_take_keeps_everything_where_it_is(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    folder = config.terminal_dir
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.issue()
        await terminal.doors.stores.close()
        kept = (folder / UNSENT).read_bytes()
        (folder / UNSENT).unlink()  # as a program of before has left it
        job = wipe_of(config, terminal.doors.vault, terminal.doors.facts, terminal.doors.http)
        await job.begin()
        with pytest.raises(StoreError, match="not_handed_over"):
            await job.go_on()
        assert (folder / "ledger.db").exists()
        assert pc.ring.secrets
        (folder / UNSENT).write_bytes(kept)
        assert await job.go_on()


async def test_a_counter_that_hears_the_order_waits_for_its_stores_and_lets_nobody_in(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        doors, folder = terminal.doors, config.terminal_dir
        line = line_of(config, doors, lambda _progress: None)
        line.watch.note_success(5)
        wiping = Wiping(line.wipe, line.orders, line.watch, is_shut=lambda: doors.stores.is_shut)
        await wiping.look()
        assert not line.wipe.under_way, "nobody ordered anything"
        site.tenant.orders.give(NewOrder(doors.facts.terminal_no, "wipe", "o001"))
        await line.orders.round()
        await wiping.look()
        assert line.watch.stopped is StopReason.ORDERED
        assert not line.wipe.under_way, "somebody is still writing"
        await terminal.issue()
        await doors.stores.close()
        with pytest.raises(SignInNeededError, match="shut"):
            await line.log_in("s002", PASSWORD, "000000")
        await wiping.look()
        assert left_in(folder) == {f"erased-{doors.facts.terminal_no}.json"}
        assert site.count(storage.issue_book) == 1


async def test_a_wipe_that_had_begun_to_erase_is_finished_before_anything_is_opened(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    folder = config.terminal_dir
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.doors.stores.close()
        job = wipe_of(config, terminal.doors.vault, terminal.doors.facts, terminal.doors.http)
        await job.begin()
        site.app.state.faults.plan(
            Fault(FaultKind.RESET, "/v1/carried", times=99)
        )  # a stale line tries twice
        with pytest.raises(LinkDownError):  # the certificate finds no line
            await job.go_on()
        site.app.state.faults.clear()
        wipe = WipeFile(folder).read()
        assert wipe
        assert wipe.step is WipeStep.TELLING
    async with AsyncExitStack() as stack:
        with pytest.raises(StoreError, match=r"store\.wiped"):
            await ui.doors.open_doors(stack, config)
    assert left_in(folder) == {f"erased-{terminal.doors.facts.terminal_no}.json"}
    assert pc.ring.secrets == {}


async def test_under_another_account_its_keyring_loses_the_erased_terminal_at_the_next_start_and_nothing_else(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.doors.stores.close()
        second = MemoryKeyring()
        second.secrets = dict(pc.ring.secrets)
        job = wipe_of(config, terminal.doors.vault, terminal.doors.facts, terminal.doors.http)
        await job.begin()
        assert await job.go_on()
    assert pc.ring.secrets == {}
    pc.ring = second
    other = {("madoguchi", f"{config.environment}/{CODE}/T0999/device"): "another terminal's"}
    second.secrets |= other
    (config.terminal_dir / "erased-T0000.json").write_bytes(b"no certificate")
    async with AsyncExitStack() as stack:
        with pytest.raises(RefusedError, match="enrolment"):  # its token is spent
            await ui.doors.open_doors(stack, config)
    assert second.secrets == other


async def test_a_certificate_of_erasure_that_names_the_terminal_itself_costs_it_no_key(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        facts = (await open_terminal(stack, config, site)).doors.facts
    words = json.dumps({"municipality": facts.municipality_code, "terminal_no": facts.terminal_no})
    (config.terminal_dir / "erased-x.json").write_text(json.dumps({"words": words}), "utf-8")
    before = dict(pc.ring.secrets)
    async with AsyncExitStack() as stack:
        await ui.doors.open_doors(stack, config)
    assert pc.ring.secrets == before


async def test_the_verb_wants_the_number_and_makes_the_pc_a_new_terminal(
    pc: PC, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        number = terminal.doors.facts.terminal_no
        await terminal.issue()
    for name, value in (("DATA_DIR", config.data_dir), ("CLOUD_URL", site.url)):
        monkeypatch.setenv(f"MADOGUCHI_{name}", str(value))
    monkeypatch.setenv("MADOGUCHI_ENVIRONMENT", config.environment)
    token = site.token_file(tmp_path / "new")

    def verb(*words: str) -> int:
        return verbs.main(["wipe", *words, "--json"])

    assert await asyncio.to_thread(verb, "--terminal", "T9999") != exit_codes.OK
    assert (config.terminal_dir / "ledger.db").exists()
    done = await asyncio.to_thread(verb, "--terminal", number, "--transfer", "--token-file", str(token))
    assert done == exit_codes.OK
    vault = Vault(config.terminal_dir, config.environment)
    assert vault.facts
    assert vault.facts.terminal_no != number
    assert site.count(storage.issue_book) == 1


async def test_killed_at_any_file_it_goes_on_and_no_key_outlives_a_file(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    folder = config.terminal_dir
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.doors.stores.close()
        facts, vault = terminal.doors.facts, terminal.doors.vault
        disk = TerminalOnDisk(folder, vault, facts, utc_now)
        for number in range(3):
            write_whole(folder / f"left-{number}", b"x")
        await vault.forget_stores()
        before = -1
        for stop_after in (1, 2, 3):
            ended = subprocess.run(
                [sys.executable, "-P", "-c", KILLED, str(folder), str(stop_after)],
                cwd=Path(__file__).parents[2],
                check=False,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            )
            assert ended.returncode == -signal.SIGKILL
            assert len(await disk.found()) != before, "each got further"
            before = len(await disk.found())
        assert not (folder / "wraps.json").exists()
        await disk.erase()
        assert left_in(folder) <= {"terminal.json", "orders.json", FILE}


KILLED = dedent(
    """
    import asyncio, os, pathlib, signal, sys
    from offline.store.erasure import TerminalOnDisk
    from offline.store.terminal_file import read_facts
    from offline.store.keys import Vault
    from tests.store_builders import MemoryKeyring
    from ui.doors import utc_now
    folder, left = pathlib.Path(sys.argv[1]), [int(sys.argv[2])]
    unlink = pathlib.Path.unlink
    def counted(path, missing_ok=False):
        unlink(path, missing_ok=missing_ok)
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    pathlib.Path.unlink = counted
    vault = Vault(folder, "x", backend=MemoryKeyring())
    asyncio.run(TerminalOnDisk(folder, vault, read_facts(folder / "terminal.json"), utc_now).erase())
    """
)
