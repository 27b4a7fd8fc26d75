"""Places offered while an address or a 本籍 is typed; only what answers the newest question. No toolkit."""

from collections.abc import Awaitable, Callable

from client.domain.errors import CounterError
from client.domain.places import KnownPlace, PlaceQuery, PlaceSought
from ui.screens.change.model import ChangeModel
from ui.work import Starter, nothing

AskPlaces = Callable[[PlaceQuery], Awaitable[tuple[KnownPlace, ...]]]


class PlacesModel:
    """The list under one field of the form. ``changed`` is called when there is another."""

    def __init__(self, change: ChangeModel, ask: AskPlaces, starter: Starter) -> None:
        self._change = change
        self._ask = ask
        self._starter = starter
        self._field = ""
        self.found: tuple[KnownPlace, ...] = ()
        self.changed: Callable[[], None] = lambda: None

    def helps(self, name: str) -> bool:
        """Tell whether the register can help with a field; where people come from it cannot."""
        head, _, last = name.rpartition(".")
        beside = {field.name for field in self._change.fields}
        return last == "honseki" or (
            last in {"town", "katagaki", "postcode"} and {f"{head}.town", f"{head}.banchi"} <= beside
        )

    def ask(self, name: str) -> None:
        """Look for what may be meant in a field."""
        self._field, self.found = name, ()
        self._starter.replace("places", lambda: self._look(name))

    def take(self, place: int) -> None:
        """Take one of the list; a 町 brings its 郵便番号 and the other way round."""
        if not 0 <= place < len(self.found) or not self._change.may_accept:
            return
        chosen, name = self.found[place], self._field
        head, _, last = name.rpartition(".")
        self.drop()
        if last in {"town", "postcode"}:
            self._change.set(f"{head}.town", chosen.text)
            if chosen.postcode:
                self._change.set(f"{head}.postcode", chosen.postcode)
        else:
            self._change.set(name, chosen.text)

    def drop(self) -> None:
        """Offer nothing more; what is being looked for is not waited for."""
        self._field, self.found = "", ()
        self._starter.replace("places", nothing)
        self.changed()

    def _query(self, name: str) -> PlaceQuery:
        head, _, last = name.rpartition(".")
        typed = self._change.value(name)
        match last:
            case "postcode":
                return PlaceQuery(PlaceSought.POSTCODE, typed)
            case "katagaki":
                town, banchi = (self._change.value(f"{head}.{piece}") for piece in ("town", "banchi"))
                return PlaceQuery(PlaceSought.BUILDING, typed, town, banchi)
            case _:
                return PlaceQuery(PlaceSought.TOWN, typed)

    async def _look(self, name: str) -> None:
        asked = self._query(name)  # as it stands by now: a field tells of an edit before the model has it
        try:
            found = await self._ask(asked)
        except CounterError:  # the form itself says what stands against going on
            found = ()
        if name == self._field and asked == self._query(name):
            self.found = tuple(place for place in found if place.text != asked.typed)
            self.changed()
