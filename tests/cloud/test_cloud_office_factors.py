"""Cards and keys enrolled in the office's pages: what ``madoguchi factor`` wrote, a certificate, and who may not."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from cloud.office.desk import desk_of
from cloud.office.staff_desk import ShownFactor
from cloud.staff import NewStaff
from offline.factors.card import CardDoor, CardFactor
from offline.factors.introduction import MARK, Introduction, card_signs, key_answers, of_card, of_key
from offline.factors.security_key import SecurityKey
from tests.cloud.cloud_builders import PASSWORD, SEED, START, Site
from tests.cloud.office_builders import Browser, acts, form_of, officer, words_of
from tests.cloud.soft_key import PRESENT, SoftKey
from tests.cloud.test_cloud_tokens import search
from tests.offline.card_builders import PIN, Reader
from tests.offline.soft_authenticator import SoftAuthenticator

pytestmark = pytest.mark.asyncio


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path / "reader")
    yield made
    made.close()


def introduced(door: CardDoor, staff_id: str = "s001") -> Introduction:
    signature, public = door.introduce(card_signs(staff_id), PIN)
    return of_card(staff_id, public, signature)


@dataclass
class Hand:
    """A person at the counter with something to sign in with."""

    site: Site
    factor: CardFactor | SecurityKey

    async def signs_in(self, staff_id: str = "s001", pin: str = PIN) -> httpx.Response:
        terminal, kind = self.site.terminal, self.factor.kind
        asked = await terminal.call("POST", "/v1/sessions/challenges", {"staff_id": staff_id, "kind": kind})
        answered = await self.factor.answer(asked.json()["challenge"], pin)
        factor = {"kind": kind, "answer": answered.answer}
        body = {"staff_id": staff_id, "password": PASSWORD, "factor": factor}
        return await terminal.call("POST", "/v1/sessions", body)


async def enrol(browser: Browser, text: str, staff_id: str = "s001") -> httpx.Response:
    return await browser.fill(f"/staff/{staff_id}", "/factors", {"factor": text})


async def enrolled(browser: Browser, text: str, staff_id: str = "s001") -> str:
    return words_of(await browser.followed(await enrol(browser, text, staff_id)))


async def why_not(browser: Browser, text: str, staff_id: str = "s001") -> str:
    """Return what the page says where nothing was enrolled."""
    refused = await enrol(browser, text, staff_id)
    assert refused.status_code in {409, 422}, words_of(refused)
    said = words_of(refused)
    assert "何も変わっていません" in said
    return said


async def test_a_card_is_enrolled_replaced_and_taken_away(site: Site, reader: Reader) -> None:
    browser = await officer(site)
    first = reader.card("first")
    hand = Hand(site, CardFactor(reader.door()))
    assert (await hand.signs_in()).status_code == 401
    told = introduced(reader.door())
    page = await enrolled(browser, told.text)
    assert told.fingerprint in page
    assert "登録しました。指紋が" in page
    assert (await hand.signs_in()).status_code == 201
    reader.pull(first)
    other = reader.card("second")
    assert (await hand.signs_in()).status_code == 401
    second = introduced(reader.door())
    page = await enrolled(browser, second.text)
    assert second.fingerprint in page
    assert told.fingerprint not in page
    opened = await hand.signs_in()
    assert opened.status_code == 201
    reader.pull(other)
    reader.put(first)
    assert (await hand.signs_in()).status_code == 401
    reader.pull(first)
    reader.put(other)
    site.terminal.token = opened.json()["access_token"]
    assert (await search(site.terminal)).status_code == 200
    gone = await browser.fill("/staff/s001", "/factors/card")
    page = words_of(await browser.followed(gone))
    assert second.fingerprint not in page
    assert "取り外しました" in page
    assert (await search(site.terminal)).status_code == 401
    assert (await hand.signs_in()).status_code == 401
    assert acts(site)[-3:] == [
        ("s002", "staff.set_factor", "s001 card"),
        ("s002", "staff.set_factor", "s001 card"),
        ("s002", "staff.remove_factor", "s001 card"),
    ]
    assert (await browser.fill("/staff/s001", "/factors/totp")).status_code == 303
    assert "この職員はサインインできません" in words_of(await browser.get("/staff/s001"))


async def test_a_fido2_key_is_enrolled_by_its_own_answer_and_a_copy_of_it_is_still_found(site: Site) -> None:
    browser = await officer(site)
    key = SoftAuthenticator(SoftKey())
    hand = Hand(site, SecurityKey("localhost", lambda: [key]))
    told = await SecurityKey("localhost", lambda: [key]).introduce("s001", "2580")
    page = await enrolled(browser, told.text)
    assert told.fingerprint in page
    assert (await hand.signs_in(pin="2580")).status_code == 201
    key.credential.counter = 0  # a copy made at the enrolment
    assert (await hand.signs_in(pin="2580")).status_code == 401
    key.credential.counter = 9
    assert (await hand.signs_in(pin="2580")).status_code == 201
    assert "セキュリティキー" in page
    await browser.followed(await browser.fill("/staff/s001", "/factors/fido2"))
    assert (await hand.signs_in(pin="2580")).status_code == 401


async def test_nothing_is_enrolled_that_card_or_key_did_not_sign_for_this_very_person(
    site: Site, reader: Reader
) -> None:
    browser = await officer(site)
    reader.card("s009")
    told = introduced(reader.door(), "s009")
    assert "ほかの職員の登録の文字列" in await why_not(browser, told.text)
    signature, public = reader.door().introduce(card_signs("s009"), PIN)
    assert "確かめられません" in await why_not(browser, of_card("s001", public, signature).text)
    key = SoftAuthenticator(SoftKey())
    elsewhere = await SecurityKey("evil.example", lambda: [key]).introduce("s001", "2580")
    assert "確かめられません" in await why_not(browser, elsewhere.text)
    asked = base64.urlsafe_b64encode(key_answers("s001")).decode().rstrip("=")
    mine, other = SoftKey(), SoftKey()
    for credential, answer in (
        (mine.secret(), other.answer(asked)),
        (mine.secret(), mine.answer("A" * 43)),
        (mine.secret(), mine.answer(asked, flags=PRESENT)),
        (mine.secret() + b"more", mine.answer(asked)),
        (b"", mine.answer(asked)),
    ):
        assert "確かめられません" in await why_not(browser, of_key("s001", credential, answer).text)
    assert [what for _, what, _ in acts(site)] == ["office.entered"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "madoguchi-factor-1:",
        MARK + "e30=",
        MARK + "!!!!",
        MARK + "あ",
        MARK + base64.urlsafe_b64encode(b'{"kind":"totp","staff_id":"s001"}').decode(),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "A" * 20_000,
        of_card("s001", b"no key", b"").text,
    ],
    ids=range(10),
)
async def test_what_is_no_enrolment_is_said_to_be_none(site: Site, text: str) -> None:
    assert "登録の文字列を読めません" in await why_not(await officer(site), text)


async def test_a_card_is_enrolled_by_its_certificate_or_public_key_and_only_where_it_is_strong(
    site: Site, reader: Reader
) -> None:
    browser = await officer(site)
    card = reader.card("s001")
    pem = card.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    fingerprint = introduced(reader.door()).fingerprint
    for text in (pem, certificate(card.key)):
        assert fingerprint in await enrolled(browser, text)
    assert (await Hand(site, CardFactor(reader.door())).signs_in()).status_code == 201
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
    assert "2048ビット以上" in await why_not(browser, certificate(weak))
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert "2048ビット以上" in await why_not(browser, pem)
    assert "登録の文字列を読めません" in await why_not(browser, private(card.key))


async def test_whatever_opens_the_cloud_no_more_is_told_to_terminals_and_to_who_signs_in_after(
    site: Site,
) -> None:
    people = site.tenant.personnel
    acts: list[Callable[[], None]] = [
        lambda: people.set_factor("s001", "card", b"key", done_by="o001"),
        lambda: people.remove_factor("s001", "card", done_by="o001"),
        lambda: people.reset_password("s001", PASSWORD + "2", done_by="o001"),
        lambda: people.suspend("s001", done_by="o001"),
        lambda: people.resume("s001", done_by="o001"),
    ]
    assert "secrets_since" not in (await site.terminal.sign_in()).json()["staff"]
    heard: list[str] = []
    for act in acts:  # all in one second
        act()
        (row,) = [one for one in people.people() if one["staff_id"] == "s001"]
        heard.append(str(row["secrets_since"]))
    assert heard == sorted(set(heard))
    site.clock.forward(minutes=1)
    opened = await site.terminal.sign_in(password=PASSWORD + "2")
    assert opened.json()["staff"]["secrets_since"] == heard[-1]
    changes = site.opened(await site.terminal.call("GET", "/v1/feeds/register?after=1"))["changes"]
    told = [row.get("secrets_since") for table, _, row in changes if table == "staff_member"]
    assert told[-1] == heard[-1]


async def test_one_card_or_key_stands_for_one_person(site: Site, reader: Reader) -> None:
    browser = await officer(site)
    reader.card("s001")
    await enrolled(browser, introduced(reader.door()).text)
    again = introduced(reader.door(), "s009").text
    assert "ほかの職員に登録されています" in await why_not(browser, again, "s009")
    await browser.followed(await browser.fill("/staff/s001", "/factors/card"))
    assert "登録しました" in await enrolled(browser, again, "s009")


async def test_nobody_enrols_for_themselves(site: Site, reader: Reader) -> None:
    browser = await officer(site)
    reader.card("s002")
    page = await browser.get("/staff/s002")
    assert "/s002/factors" not in page.text
    csrf = form_of(page, "/sign-out").fields["csrf"]
    own = introduced(reader.door(), "s002").text
    for path, more in (("factors", {"factor": own}), ("factors/totp", {})):
        refused = await site.client.post(f"/office/staff/s002/{path}", data={"csrf": csrf, **more})
        assert (refused.status_code, "ほかの担当者に依頼" in words_of(refused)) == (403, True)
    missing = await browser.fill("/staff/s001", "/factors/totp")
    assert missing.status_code == 303
    again = await site.client.post("/office/staff/s001/factors/totp", data={"csrf": csrf})
    assert again.status_code == 404


async def test_an_officer_enrols_nothing_for_who_may_more_than_they(site: Site, reader: Reader) -> None:
    lesser = NewStaff("s010", "事務　係", "総務課", ("office", "view"), PASSWORD, SEED)
    site.tenant.personnel.add(lesser, done_by="s002")
    browser = Browser(site.client, site.clock)
    await browser.sign_in("s010")
    reader.card("s001")
    refused = await enrol(browser, introduced(reader.door()).text)
    assert (refused.status_code, "自分が持っていない権限" in words_of(refused)) == (403, True)
    assert [one.kind for one in desk_of(site.tenant).staff.factors("s001")] == ["totp"]
    assert "登録しました" in await enrolled(browser, introduced(reader.door(), "s009").text, "s009")


async def test_the_page_shows_no_secret_of_a_code(site: Site) -> None:
    page = await (await officer(site)).get("/staff/s001")
    assert "確認コード" in words_of(page)
    for form in (base64.b32encode(SEED).decode(), SEED.hex(), base64.b64encode(SEED).decode()):
        assert form not in page.text
    assert desk_of(site.tenant).staff.factors("s001") == [ShownFactor("totp", START.date().isoformat(), "")]


def certificate(key: RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "s001")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), START, START)
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def private(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
