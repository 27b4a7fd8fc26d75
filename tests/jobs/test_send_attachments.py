"""Attachments on their way to a real cloud: after their command, part by part, whatever the line and the cloud do."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.api.attachments import AttachmentBox
from client.domain.attachment import Attached, Attachment, CloudAttachment
from client.domain.change import ChangeState
from client.domain.errors import LinkDownError, RefusedError
from client.rules.attachments import PART
from cloud import storage
from cloud.attachments import Limits as CloudLimits
from tests.api.small_cloud import small_cloud
from tests.attached_builders import Attaching, a_move, a_photo, no_attachments

pytestmark = pytest.mark.asyncio
PARTS = 3  # of a photo as these tests have it
PHOTO = a_photo(2 * PART + 100)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Attaching]:
    with small_cloud(tmp_path / "cloud") as cloud:
        await cloud.enrol()
        made = await Attaching(cloud, tmp_path / "terminal").open()
        yield made
        await made.ledger.close()


class Calls:
    """The door, with a word put in before each part."""

    def __init__(self, desk: Attaching) -> None:
        self.door = AttachmentBox(desk.cloud.http)
        self.parts: list[int] = []
        self.announced = 0
        self.fail_at: dict[int, Exception] = {}  # by how many parts went before

    async def announce(self, attachment: Attachment, parts: int) -> CloudAttachment:
        self.announced += 1
        return await self.door.announce(attachment, parts)

    async def put(self, attachment: Attachment, place: int, content: bytes) -> CloudAttachment:
        error = self.fail_at.pop(len(self.parts), None)
        self.parts.append(place)
        if error is not None:
            raise error
        return await self.door.put(attachment, place, content)


def watched(desk: Attaching) -> Calls:
    calls = Calls(desk)
    desk.sender._cloud = calls
    return calls


async def accepted(desk: Attaching, *photos: bytes) -> tuple[str, tuple[Attachment, ...]]:
    """Take an intake in with photos and have its command taken by the cloud."""
    beside = await desk.take(*photos)
    key = await desk.queue(beside)
    await desk.outbox.drain()
    change = await desk.ledger.change(key)
    assert change
    assert change.state is ChangeState.ACCEPTED
    return key, beside


async def attached(desk: Attaching, key: str) -> Attached:
    change = await desk.ledger.change(key)
    assert change
    return change.attached


async def state_of(desk: Attaching, one: Attachment) -> str:
    assert desk.cloud.enrolled
    return str(desk.cloud.tenant.attachments.status(desk.cloud.enrolled.terminal_no, one.key)["state"])


async def test_what_was_attached_lies_with_its_intake_at_the_cloud_byte_for_byte(desk: Attaching) -> None:
    photos = (PHOTO, a_photo(5000, seed=2), a_photo(PART, seed=3))
    key, beside = await accepted(desk, *photos)
    brought = await desk.sender.drain()
    assert (brought.whole, brought.trouble) == (3, None)
    assert [await desk.at_the_cloud(one) for one in beside] == list(photos)
    assert [await state_of(desk, one) for one in beside] == ["attached"] * 3
    assert await attached(desk, key) == Attached(of=3, there=3)
    assert (await desk.sender.drain()).parts == 0


async def test_no_attachment_goes_before_its_command(desk: Attaching) -> None:
    beside = await desk.take(PHOTO)
    await desk.queue(beside)
    desk.link.out = {"commands"}  # so that no command is in the way
    assert (await desk.sender.drain()).parts == 0


async def test_a_command_that_is_ready_goes_before_the_next_part(desk: Attaching) -> None:
    await accepted(desk, PHOTO)
    calls = watched(desk)
    calls.fail_at[1] = LinkDownError("link.broken")
    await desk.sender.drain()
    desk.ahead += timedelta(minutes=2)
    await desk.ledger.queue(a_move((), desk.cloud))
    assert (await desk.sender.drain()).parts == 0
    await desk.outbox.drain()
    assert (await desk.sender.drain()).whole == 1
    assert calls.parts == [1, 2, 2, 3]


async def test_where_commands_are_out_attachments_do_not_wait_for_them(desk: Attaching) -> None:
    await accepted(desk, PHOTO)
    await desk.ledger.queue(a_move((), desk.cloud))
    desk.link.out = {"commands"}
    assert (await desk.sender.drain()).whole == 1


async def test_over_a_line_they_may_not_cross_nothing_is_sent_and_all_is_kept(desk: Attaching) -> None:
    key, _ = await accepted(desk, PHOTO)
    desk.may_cross = False
    assert (await desk.sender.drain()).parts == 0
    assert await attached(desk, key) == Attached(of=1)
    desk.may_cross, desk.link.usable = True, False
    assert (await desk.sender.drain()).parts == 0


async def test_a_line_that_breaks_costs_one_part_and_another_program_goes_on(desk: Attaching) -> None:
    key, (one,) = await accepted(desk, PHOTO)
    calls = watched(desk)
    calls.fail_at[2] = LinkDownError("link.broken")
    brought = await desk.sender.drain()
    assert brought.trouble is not None
    assert (calls.parts, desk.link.failures) == ([1, 2, 3], ["link.broken"])
    assert (await desk.sender.drain()).parts == 0  # not before its time
    await desk.restart()
    desk.ahead += timedelta(minutes=2)
    calls = watched(desk)
    assert (await desk.sender.drain()).whole == 1
    assert calls.parts == [3]
    assert await desk.at_the_cloud(one) == PHOTO
    assert await attached(desk, key) == Attached(of=1, there=1)


async def test_an_answer_that_was_lost_costs_no_part_twice(desk: Attaching) -> None:
    _, (one,) = await accepted(desk, PHOTO)
    calls = watched(desk)

    class Deaf(AttachmentBox):
        async def put(self, attachment: Attachment, place: int, content: bytes) -> CloudAttachment:
            await super().put(attachment, place, content)
            raise LinkDownError("link.timeout")

    hearing, calls.door = calls.door, Deaf(desk.cloud.http)
    for _ in range(PARTS):
        await desk.sender.drain()
        desk.ahead += timedelta(minutes=2)
    calls.door = hearing
    assert (await desk.sender.drain()).whole == 1
    assert calls.parts == [1, 2, 3]
    assert await desk.at_the_cloud(one) == PHOTO


async def test_a_cloud_restored_from_before_is_brought_all_of_it_again(desk: Attaching) -> None:
    key, (one, other) = await accepted(desk, PHOTO, a_photo(900, seed=2))
    calls = watched(desk)
    calls.fail_at[2] = LinkDownError("link.broken")
    await desk.sender.drain()
    forget(desk, one)
    desk.ahead += timedelta(minutes=2)
    assert (await desk.sender.drain()).whole == 2
    assert calls.parts == [1, 2, 3, 1, 2, 3, 1]
    forget(desk, one)
    forget(desk, other)
    await desk.ledger.forget((key,))  # as the comparison of the books finds it
    assert (await desk.sender.drain()).whole == 0, "the change goes first"
    await desk.outbox.drain()
    assert (await desk.sender.drain()).whole == 2
    assert await desk.at_the_cloud(one) == PHOTO


async def test_a_cloud_that_forgets_between_two_parts_is_told_anew(desk: Attaching) -> None:
    _, (one,) = await accepted(desk, PHOTO)
    calls = watched(desk)

    class Forgetful(AttachmentBox):
        async def put(self, attachment: Attachment, place: int, content: bytes) -> CloudAttachment:
            if len(calls.parts) == 2:
                forget(desk, attachment)
            return await super().put(attachment, place, content)

    calls.door = Forgetful(desk.cloud.http)
    assert (await desk.sender.drain()).whole == 1
    assert calls.parts == [1, 2, 1, 2, 3]
    assert await desk.at_the_cloud(one) == PHOTO


async def test_parts_that_make_no_whole_are_brought_again(desk: Attaching) -> None:
    _, (one,) = await accepted(desk, PHOTO)
    await desk.sender._cloud.announce(one, PARTS)
    await desk.sender._cloud.put(one, 1, b"?" * PART)  # what a broken program might have left
    assert (await desk.sender.drain()).whole == 1
    assert await desk.at_the_cloud(one) == PHOTO


async def test_a_part_hurt_on_the_way_is_brought_again_in_a_moment(desk: Attaching) -> None:
    await accepted(desk, PHOTO)
    calls = watched(desk)
    calls.fail_at[1] = RefusedError("refused.by_cloud", reason="request.malformed")
    await desk.sender.drain()
    desk.ahead += timedelta(minutes=1)
    assert (await desk.sender.drain()).whole == 1
    assert calls.parts == [1, 2, 2, 3]


async def test_a_no_of_the_cloud_holds_up_no_other_attachment_and_gives_nothing_up(desk: Attaching) -> None:
    key, (first, _) = await accepted(desk, PHOTO, a_photo(900, seed=2))
    desk.cloud.tenant.attachments.limits = CloudLimits(whole=1000)
    assert (await desk.sender.drain()).whole == 1
    assert await attached(desk, key) == Attached(of=2, there=1)
    desk.cloud.tenant.attachments.limits = CloudLimits()
    desk.ahead += timedelta(minutes=30)
    assert (await desk.sender.drain()).parts == 0
    desk.ahead += timedelta(minutes=31)
    assert (await desk.sender.drain()).whole == 1
    assert await desk.at_the_cloud(first) == PHOTO


async def test_a_file_that_rotted_on_the_disk_is_named_and_never_sent(desk: Attaching) -> None:
    key, (bad, good) = await accepted(desk, PHOTO, a_photo(900, seed=2))
    path = desk.folder / "attachments" / f"{bad.key}.sealed"
    content = bytearray(path.read_bytes())
    content[70_000] ^= 1
    path.write_bytes(content)
    calls = watched(desk)
    assert (await desk.sender.drain()).whole == 1
    assert calls.announced == 1
    assert await attached(desk, key) == Attached(of=2, there=1, lost=1)
    lines = [one.entry for one in await desk.ledger.journal_tail(20) if one.entry.kind == "loss"]
    assert [line.facts["attachment"] for line in lines] == [bad.key]
    assert await desk.at_the_cloud(good)


async def test_what_lies_at_a_revoked_terminal_is_handed_over_all_the_same(desk: Attaching) -> None:
    key, (one,) = await accepted(desk, PHOTO)
    assert desk.cloud.enrolled
    desk.cloud.tenant.terminals.revoke(desk.cloud.enrolled.terminal_no)
    assert (await desk.sender.drain()).whole == 1
    assert await attached(desk, key) == Attached(of=1, there=1)
    assert await desk.at_the_cloud(one) == PHOTO


async def test_the_largest_there_may_be_arrives(desk: Attaching) -> None:
    photo = a_photo(desk.attach.limits.size - 56)
    _, (one,) = await accepted(desk, photo)
    assert one.size == 20_000_000
    assert (await desk.sender.drain()).whole == 1
    assert await desk.at_the_cloud(one) == photo


async def test_no_more_are_attached_than_one_intake_may_have(desk: Attaching) -> None:
    beside = await desk.take(*(a_photo(100, seed=n) for n in range(20)))
    source = desk.folder / "stick" / "0.jpg"
    with pytest.raises(RefusedError) as caught:
        await desk.attach(source, beside[0].command_key, lambda: beside)
    assert (caught.value.code, caught.value.facts) == ("attachment.too_many", {"most": 20})
    key = await desk.queue(beside)
    await desk.outbox.drain()
    assert (await desk.sender.drain()).whole == 20
    assert await attached(desk, key) == Attached(of=20, there=20)
    assert no_attachments() == ()


WEATHER = st.lists(
    st.sampled_from(["good", "broken", "deaf", "forgets", "hurt", "restart", "other program's part"]),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(weather=WEATHER)
async def test_whatever_the_weather_what_arrives_is_what_was_taken(
    desk: Attaching, weather: list[str]
) -> None:
    photo = a_photo(3 * PART + 17, seed=len(weather))
    beside = await desk.take(photo)
    with desk.cloud.tenant.register.writing() as connection:  # the family may move again in the next example
        connection.execute(sa.delete(storage.intake_case))
    key = await desk.queue(beside)
    await desk.outbox.drain()
    left = list(weather)

    class Weather(AttachmentBox):
        async def put(self, attachment: Attachment, place: int, content: bytes) -> CloudAttachment:
            now = left.pop() if left else "good"
            if now == "broken":
                raise LinkDownError("link.broken")
            if now == "forgets":
                forget(desk, attachment)
            if now == "hurt":
                raise RefusedError("refused.by_cloud", reason="request.malformed")
            if now == "other program's part":
                await super().put(attachment, place, b"?" * len(content))
            told = await super().put(attachment, place, content)
            if now == "deaf":
                raise LinkDownError("link.timeout")
            return told

    for _ in range(2 * len(weather) + 3):
        if left and left[-1] == "restart":
            left.pop()
            await desk.restart()
        desk.sender._cloud = Weather(desk.cloud.http)
        await desk.sender.drain()
        desk.ahead += timedelta(minutes=2)
    assert await attached(desk, key) == Attached(of=1, there=1)
    assert await desk.at_the_cloud(beside[0]) == photo


def forget(desk: Attaching, one: Attachment) -> None:
    """Put the cloud back to before it heard of an attachment."""
    with desk.cloud.tenant.register.writing() as connection:
        for table in (storage.attachment_part, storage.attachment):
            connection.execute(sa.delete(table).where(table.c.key == one.key))
