"""The look inside: which image, whose nets, which value; and the parts of the page that show it."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.datastructures import QueryParams

from paribus.errors import UsageError
from paribus.page.inside import Inside
from paribus.page.refusal import RefusedError
from paribus.page.studies import Known, address_of
from paribus.report.look_files import LOOK_FILES, look_content
from paribus.report.look_names import brightest, look_stem
from paribus.report.look_pixel_view import pixel_html
from paribus.report.look_sections import answers_html, layers_html, seen_html
from paribus.standing.looks import ImageLook, NetLook
from paribus.standing.pixels import take_apart

FIRST_IMAGE = "0"

_NOTHING = Markup()


@dataclass(frozen=True)
class Choice:
    """What is looked at.

    Attributes:
        image: Number of a test image, or the key of an image that was drawn or sent.
        seed: Whose nets are looked into; None for the first.
        variant: Whose value is taken apart; empty for the first variant.
        block: Of which block, from 1; 0 for the largest value of the first block.
        channel: Which map, from 0.
        row: Which row, from 0.
        column: Which column, from 0.
        place: Which value of the pooling window; None for the one that wins.
        source: Which input channel's patch; None for the one that contributes most.
    """

    image: str = FIRST_IMAGE
    seed: int | None = None
    variant: str = ""
    block: int = 0
    channel: int = 0
    row: int = 0
    column: int = 0
    place: tuple[int, int] | None = None
    source: int | None = None


@dataclass(frozen=True)
class Parts:
    """The parts of the page that show a look.

    Attributes:
        image: What addresses name the image by.
        seen: The image as the nets see it.
        saving: Links to the look as files.
        shown: What the nets say, and their feature maps.
        pixel: One value taken apart.
        trouble: Why there is nothing to show; empty otherwise.
    """

    image: str
    seen: Markup = _NOTHING
    saving: Markup = _NOTHING
    shown: Markup = _NOTHING
    pixel: Markup = _NOTHING
    trouble: str = ""


def read_choice(query: QueryParams) -> Choice:
    """The choice that an address makes.

    Raises:
        RefusedError: 400 if a number is none.
    """
    place = None
    if query.get("place"):
        row, _, column = query["place"].partition(",")
        place = (_whole("place", row), _whole("place", column))
    return Choice(
        image=query.get("image", FIRST_IMAGE)[:40],
        seed=_number(query, "seed"),
        variant=query.get("variant", "")[:80],
        block=_number(query, "block") or 0,
        channel=_number(query, "channel") or 0,
        row=_number(query, "row") or 0,
        column=_number(query, "column") or 0,
        place=place,
        source=_number(query, "source"),
    )


class Looking:
    """Makes the parts of the page.

    Args:
        inside: Asks the nets.
    """

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def parts(self, known: Known, choice: Choice) -> Parts:
        """All parts; where no net can be asked, only why.

        Raises:
            RefusedError: 404 if there is no such image or value.
        """
        try:
            looked = self._inside.look(known, choice.image, choice.seed)
        except RefusedError as refused:
            if refused.status != 409:
                raise
            return Parts(choice.image, trouble=f"{refused.what} {refused.mend}")
        names = known.layout.names if known.layout is not None else ()
        answers = answers_html(looked, names)
        return Parts(
            image=choice.image,
            seen=seen_html(looked),
            saving=_saving(known, choice),
            shown=Markup("<h2>What they say</h2>\n{}\n<h2>What they see</h2>\n{}").format(
                answers, layers_html(looked, live=True)
            ),
            pixel=self._pixel(looked, choice),
        )

    def pixel(self, known: Known, choice: Choice) -> Markup:
        """One value taken apart.

        Raises:
            RefusedError: 404 if there is no such image or value; 409 if no net can be asked.
        """
        return self._pixel(self._inside.look(known, choice.image, choice.seed), choice)

    def file(self, known: Known, choice: Choice, name: str) -> tuple[str, str, bytes]:
        """A look as a file.

        Args:
            known: The study.
            choice: Which image and seed.
            name: One of `LOOK_FILES`.

        Returns:
            Name, media type and content.

        Raises:
            RefusedError: 404 if there is no such image or file; 409 if no net can be asked.
        """
        if name not in LOOK_FILES:
            raise RefusedError(404, "There is no such file.", "Start from the list of all studies.")
        looked = self._inside.look(known, choice.image, choice.seed)
        assert known.layout is not None, "a study that is shown is laid out"
        content = look_content(looked, known.layout.names, name)
        return f"{known.name}-{look_stem(looked)}-{name}", LOOK_FILES[name].media_type, content

    def _pixel(self, looked: ImageLook, choice: Choice) -> Markup:
        net = _net(looked, choice.variant)
        if net is None:
            return _NOTHING
        if not choice.block:
            channel, row, column = brightest(net.blocks[0])
            choice = replace(choice, block=1, channel=channel, row=row, column=column)
        if choice.block > len(net.blocks):
            raise RefusedError(404, f"{net.variant} has no block {choice.block}.", "Choose another value.")
        try:
            pixel = take_apart(
                net.blocks[choice.block - 1],
                choice.channel,
                choice.row,
                choice.column,
                place=choice.place,
                source=choice.source,
            )
        except UsageError as error:
            raise RefusedError(404, f"{error.what}.", f"Choose {error.expected}.") from None
        chosen = replace(choice, variant=net.variant, place=pixel.chosen, source=pixel.source)
        return pixel_html(looked, net, pixel, address=lambda **other: _address(chosen, **other))


def _saving(known: Known, choice: Choice) -> Markup:
    """Links to the files of a look."""
    seed = {} if choice.seed is None else {"seed": choice.seed}
    query = urlencode({"image": choice.image, **seed})
    links = Markup(", ").join(
        Markup('<a href="{}/look/file/{}?{}" download>{}</a>').format(
            address_of(known), name, query, file.words
        )
        for name, file in LOOK_FILES.items()
    )
    return Markup("Save as {}.").format(links)


def _net(looked: ImageLook, variant: str) -> NetLook | None:
    """The net whose value is taken apart; None where none has blocks."""
    if variant:
        net = looked.net(variant)
        if net is None or not net.blocks:
            raise RefusedError(404, "There is no such variant to look into.", "Choose another value.")
        return net
    return next((net for net in looked.nets if net.blocks), None)


def _address(choice: Choice, **other: int | str) -> str:
    """The address of another part of the same sum."""
    values: dict[str, int | str] = {
        "image": choice.image,
        "variant": choice.variant,
        "block": choice.block,
        "channel": choice.channel,
        "row": choice.row,
        "column": choice.column,
        **({} if choice.seed is None else {"seed": choice.seed}),
        **({} if choice.source is None else {"source": choice.source}),
        **({} if choice.place is None else {"place": f"{choice.place[0]},{choice.place[1]}"}),
        **other,
    }
    return f"?{urlencode(values)}#apart"


def _number(query: QueryParams, name: str) -> int | None:
    text = query.get(name, "")
    return _whole(name, text) if text else None


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise RefusedError(400, f"The {name} in this address is no number.", "Choose it on the page.")
    return int(text)
