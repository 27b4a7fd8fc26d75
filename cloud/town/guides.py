"""Rows of table ``guide_tree``: which procedures follow an occasion, in force from day to day."""

import json
from collections.abc import Iterator
from datetime import date, timedelta

Row = dict[str, object]
Node = dict[str, object]

_SINCE = "2024-12-02"
_CARD = "マイナンバーカード"
_IDENTITY = "本人確認書類"


def _do(*procedures: tuple[str, str, str]) -> Node:
    return {
        "do": [
            {"procedure": procedure, "section": section, "papers": papers.split("、")}
            for procedure, section, papers in procedures
        ]
    }


def _ask(question: str, **answers: tuple[str, str]) -> Node:
    return {"ask": question, "answers": [{"say": say, "go": go} for say, go in answers.values()]}


def _yes_no(question: str, yes: str, no: str) -> Node:
    return _ask(question, yes=("はい", yes), no=("いいえ", no))


def _moved_in(papers_of_nhi: str) -> dict[str, Node]:
    todoke = ("転入届", "市民課", f"{_IDENTITY}、転出証明書又は{_CARD}")
    nhi = ("国民健康保険の加入", "保険年金課", papers_of_nhi)
    children = ("児童手当の認定請求", "子育て支援課", "振込先の口座が分かるもの、健康保険の資格が分かるもの")
    return {
        "start": _yes_no("国民健康保険に加入しますか。", "insured", "employed"),
        "insured": _yes_no("18歳までの子がいますか。", "insured_children", "insured_alone"),
        "employed": _yes_no("18歳までの子がいますか。", "employed_children", "employed_alone"),
        "insured_children": _do(todoke, nhi, children),
        "insured_alone": _do(todoke, nhi),
        "employed_children": _do(todoke, children),
        "employed_alone": _do(todoke),
    }


_TREES: tuple[tuple[str, str, dict[str, Node]], ...] = (
    (
        "tenshutsu",
        "市外へ引っ越すとき",
        {
            "start": _yes_no("印鑑登録をしていますか。", "sealed", "plain"),
            "sealed": _do(
                ("転出届", "市民課", _IDENTITY), ("印鑑登録の廃止（転出により失効）", "市民課", "印鑑登録証")
            ),
            "plain": _do(("転出届", "市民課", _IDENTITY)),
        },
    ),
    (
        "tenkyo",
        "市内で引っ越したとき",
        {
            "start": _yes_no("国民健康保険又は介護保険の資格がありますか。", "insured", "plain"),
            "insured": _do(
                ("転居届", "市民課", f"{_IDENTITY}、{_CARD}"),
                ("資格確認書等の住所変更", "保険年金課", "資格確認書、介護保険被保険者証"),
            ),
            "plain": _do(("転居届", "市民課", f"{_IDENTITY}、{_CARD}")),
        },
    ),
    (
        "birth",
        "子が生まれたとき",
        {
            "start": _do(
                ("出生届", "市民課", "出生証明書、母子健康手帳"),
                ("児童手当の認定請求又は額改定", "子育て支援課", "振込先の口座が分かるもの"),
                ("子ども医療費の助成", "子育て支援課", "子の健康保険の資格が分かるもの"),
            )
        },
    ),
    (
        "death",
        "家族が亡くなったとき",
        {
            "start": _yes_no("75歳以上でしたか。", "old", "young"),
            "old": _do(
                ("死亡届", "市民課", "死亡診断書"),
                ("後期高齢者医療の葬祭費", "保険年金課", "葬儀の領収書、振込先の口座が分かるもの"),
                ("介護保険の資格喪失", "介護保険課", "介護保険被保険者証"),
                ("相続人代表者の届出", "税務課", _IDENTITY),
            ),
            "young": _do(
                ("死亡届", "市民課", "死亡診断書"),
                ("国民健康保険の資格喪失と葬祭費", "保険年金課", "資格確認書、葬儀の領収書"),
                ("相続人代表者の届出", "税務課", _IDENTITY),
            ),
        },
    ),
    (
        "disaster",
        "災害で家に被害を受けたとき",
        {
            "start": _yes_no("被害の写真がありますか。", "pictures", "survey"),
            "pictures": _do(("罹災証明書の申請（写真による判定）", "税務課", f"{_IDENTITY}、被害の写真")),
            "survey": _do(("罹災証明書の申請（現地調査）", "税務課", _IDENTITY)),
        },
    ),
)


def guide_rows(today: date) -> Iterator[tuple[str, Row]]:
    """Yield the trees; that of 転入 changes on the coming 1 April."""
    april = date(today.year + (today >= date(today.year, 4, 1)), 4, 1)
    title = "市外から引っ越してきたとき"
    now = _tree("tennyu-1", "tennyu", title, _moved_in(f"{_IDENTITY}、{_CARD}"))
    yield "guide_tree", now | {"in_force_until": (april - timedelta(days=1)).isoformat()}
    then = _tree("tennyu-2", "tennyu", title, _moved_in(_IDENTITY))
    yield "guide_tree", then | {"in_force_from": april.isoformat()}
    for occasion, title, nodes in _TREES:
        yield "guide_tree", _tree(f"{occasion}-1", occasion, title, nodes)


def _tree(tree_id: str, occasion: str, title: str, nodes: dict[str, Node]) -> Row:
    body = json.dumps({"start": "start", "nodes": nodes}, ensure_ascii=False, separators=(",", ":"))
    return {"tree_id": tree_id, "occasion": occasion, "title": title, "body": body, "in_force_from": _SINCE}
