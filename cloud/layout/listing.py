"""The item list as Markdown tables, for the vendor on the other side."""

from cloud.layout.items import Item, Items, Layout

_TYPES = {
    "text": "文字",
    "code": "コード",
    "number": "数値",
    "date": "日付",
    "moment": "日時",
    "flag": "フラグ",
    "image": "画像",
}


def listing(layout: Layout) -> str:
    """Return the tables of all files, one after the other."""
    return "\n\n".join(_file(layout, items) for items in layout.files)


def _file(layout: Layout, items: Items) -> str:
    needed = "、必須" if items.required else ""
    return "\n".join(
        [
            f"## {items.title}（`{items.file}`、{layout.encoding_of(items)}{needed}）",
            "",
            "| 番号 | 項目名 | 台帳 | 型 | 長さ | 必須 | コード・備考 |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *(_line(items, item) for item in items.item),
        ]
    )


def _line(items: Items, item: Item) -> str:
    column = f"`{items.table}.{item.column}`" if item.column else "（読み飛ばす）"
    length = f"{item.length}.{item.scale}" if item.scale else str(item.length)
    needed = "○" if item.required else "△" if item.expected else ""
    cells = [str(item.no), item.name, column, _TYPES[item.type], length, needed, _remarks(item)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _remarks(item: Item) -> str:
    told = [f"{code} {value}" for value, code in item.codes.items()]
    told += [f"{code} 不明" for code in item.unknown]
    if item.open:
        told.append("ほかは名のまま")
    if item.words:
        told.append(f"表記は `{item.words}`")
    if item.type == "image":
        told.append("base64")
    if item.check:
        told.append("検査数字")
    if item.note:
        told.append(item.note)
    return "; ".join(told)
