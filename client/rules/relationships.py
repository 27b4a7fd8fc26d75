"""続柄: how somebody stands to the householder, in the words the register takes ([STD j110])."""

import unicodedata

HOUSEHOLDER = "世帯主"
UNRELATED = ("縁故者", "同居人")
_NEAR = ("夫", "妻", "夫（未届）", "妻（未届）", "子", "父", "母", "兄", "姉", "弟", "妹")
_LINKS = frozenset(_NEAR)
_WHOLE = frozenset((HOUSEHOLDER, *UNRELATED, "子（子の夫）", "子（子の妻）"))
_MOST_LINKS = 4  # more than four are 縁故者
# What a clerk is offered first; anything lawful may be typed.
OFFERED = (*_NEAR, "子の子", "妻の子", "夫の子", "子の妻", "子の夫", "父の父", "父の母", *UNRELATED)


def is_lawful(text: str) -> bool:
    """Tell whether a 続柄 is one the register takes: a word of its list, or a chain of up to four joined by 「の」.

    祖父, 孫, おじ and the like are no such words: 父の父, 子の子, 父の兄.
    """
    words = written(text)
    if words in _WHOLE:
        return True
    links = words.split("の")
    return len(links) <= _MOST_LINKS and all(link in _LINKS for link in links)


def written(text: str) -> str:
    """Return a 続柄 as the register writes it: full-width brackets, no blanks."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    return plain.replace("(", "（").replace(")", "）")
