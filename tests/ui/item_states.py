"""The states of somebody who has no right to 本籍 or to any item; beside those of the screens."""

from tests.ui.drive import Counter

NO_ITEMS = "s003"


async def foreigner_withheld(counter: Counter) -> None:
    """Open a foreign resident and ask for what this clerk has no right to."""
    await counter.sign_in(NO_ITEMS)
    await counter.open_resident("わたなべ あん")
    await counter.hands.push("addJuminhyo")
    await counter.hands.push("optForeign")


async def honseki_withheld(counter: Counter) -> None:
    """Open a household whose 本籍 this clerk may not see."""
    await counter.sign_in(NO_ITEMS)
    await counter.open_resident()


ITEM_STATES = {
    "counter-foreigner-withheld": foreigner_withheld,
    "counter-honseki-withheld": honseki_withheld,
}
