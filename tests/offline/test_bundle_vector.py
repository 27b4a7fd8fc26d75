"""The contract's bundle, for both its readers: the terminal opens it, the cloud seals the same bytes."""

import io
from hashlib import sha256
from pathlib import Path

import pytest

from client.rules.shamir import combined
from client.rules.share_text import read_line, read_share
from cloud import escrow as of_the_cloud
from cloud.bundles import _Writer
from offline.store import escrow
from offline.store.bundle_file import BundleFile
from tests.vectors import octets, vector

MAGIC = b"MADOGUCHI-BUNDLE-1\n"


def records() -> list[bytes]:
    return [octets(vector("parcel")["parcel"]), b"x" * 70_000]


def sealed_by_the_cloud() -> bytes:
    written = io.BytesIO()
    _Writer(written, "00112233445566778899aabbccddeeff", octets(vector("bundle")["content_key"])).part(
        "parcels", records()
    )
    return written.getvalue()


def test_the_cloud_seals_the_part_of_the_vector_byte_for_byte() -> None:
    said, part = vector("bundle"), sealed_by_the_cloud()
    assert part.startswith(octets(said["part_begins"]))
    assert (len(part), sha256(part).hexdigest()) == (said["part_size"], said["part_sha256"])


def test_the_cloud_writes_the_lines_of_the_vectors_papers() -> None:
    for paper in vector("bundle")["papers"]:
        for number, line in enumerate(paper, 1):
            assert of_the_cloud._line(number, read_line(number, line.split("  ", 1)[1])) == line


def test_two_papers_and_passphrases_open_the_bundle_of_the_vector(tmp_path: Path) -> None:
    said = vector("bundle")
    path = tmp_path / "vector.bundle"
    path.write_bytes(MAGIC + sealed_by_the_cloud() + octets(said["after_the_part"]))
    file = BundleFile(path)
    file.verify()
    papers = zip(said["papers"], said["passphrases"], strict=True)
    shares = [escrow.open_share(read_share("\n".join(lines)), words) for lines, words in papers]
    assert combined({share.number: share.value for share in shares}) == octets(said["private"])
    key = escrow.content_key_of(file.bundle, shares)
    assert key == octets(said["content_key"])
    assert list(file.records("parcels", key)) == records()
    assert file.bundle.escrow_id == of_the_cloud.key_id(octets(said["escrow"]))


@pytest.mark.parametrize("number", [1, 2])
def test_one_paper_of_the_vector_is_not_the_key(number: int) -> None:
    said = vector("bundle")
    letter = read_share("\n".join(said["papers"][number - 1]))
    share = escrow.open_share(letter, said["passphrases"][number - 1])
    assert combined({share.number: share.value}) != octets(said["private"])
