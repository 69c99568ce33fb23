"""The label that no picture leaves without: on the pixels, in the metadata, with its recipe.

Source: GB 45438-2025 §5.2 (the visible words), §6.1 and Annex E (the hidden ones);
TC260-PG-20259A §6 (their place in a PNG).
"""

import hashlib
import json
import math
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Annotated, cast
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import msgspec
from PIL import Image, ImageChops, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from pydantic import BaseModel, ConfigDict, Field

from bot import gif
from bot.errors import LabelMissing
from generation.recipe import Picture, Preview, Recipe

ONE_LINE, TWO_LINES = ("AI生成",), ("AI", "生成")
"""The words; on two lines where a picture is narrow."""
FONT = Path(__file__).with_name("label.otf")
EM_SHARE = 0.07
"""Of the short side. A capital is 0.733 em high, so the lowest letter gets 5.1 %."""
MIN_EM_PX = 14
SOLID = 224
"""Where a letter or its outline covers this much of 255, the picture cannot shine through."""
TOLERANCE = 64
"""Of 255: what another version of the rasteriser may draw differently."""
SAME_SHARE = 0.9
"""Of the pixels of the letters, and of those of the outline, that must be as drawn."""

LEVEL = 4
"""Of compression: 2 % larger than at the usual 6, in half the time."""
MIN_SHORT_PX = 64
"""A thumbnail's short side is not made shorter: the words need so much."""
THUMBNAIL_QUALITY = 85
QUALITIES = (95, 90, 80)
"""In which a picture is tried that has to be lighter, and then in smaller sizes."""
SHRUNK = (0.75, 0.5, 0.25, 0.125)
SKETCH_PX = 256
"""The longest side of each picture of a sketch."""

XMP, RECIPE, PARAMETERS = "XML:com.adobe.xmp", "danqing:recipe", "parameters"
"""Keywords of the PNG's texts."""
PLACE = "danqing:place"
"""Keyword under which what the words cover says where that is: left and upper edge, pixels."""
SHORT = 10
"""Digits of a hash that other programs show."""
AIGC_KEYS = (
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
)
"""In the order of Annex E."""
ASCII_VALUE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""Annex E j: printable, no space, no quote, no backslash."""
TC260 = "http://www.tc260.org.cn/ns/AIGC/1.0/"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
DRAWN_BY_A_MODEL = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
PACKET = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:TC260="{TC260}" xmlns:Iptc4xmpExt="{IPTC}">
   <TC260:AIGC>%s</TC260:AIGC>
   <Iptc4xmpExt:DigitalSourceType>{DRAWN_BY_A_MODEL}</Iptc4xmpExt:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


class LabelConfig(BaseModel):
    """[label]."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    operator_code: Annotated[str, Field(pattern=r"^(00[0-9A-Z]{25})?$")] = ""
    """The code under which the operator is registered as a provider, 27 characters; never made up.

    Without one the producer field of the label is empty.
    """


def label(picture: Picture, produce_id: str, config: LabelConfig) -> bytes:
    """Return a picture as a labelled PNG; the same arguments give the same bytes.

    Args:
        picture: Fresh from the engine.
        produce_id: The number of this picture, given to no other; printable ASCII.
        config: Whose label it is.

    Raises:
        LabelMissing: The picture cannot carry the label, or what was written does not read back.
    """
    recipe = picture.recipe
    image = Image.frombytes("RGB", (picture.width, picture.height), picture.rgb)
    stamp_for(image.width, image.height).press(image)
    info = PngInfo()
    info.add_itxt(XMP, PACKET % escape(_aigc(produce_id, config.operator_code)))
    try:
        info.add_itxt(RECIPE, _unlike_a_label(_as_json(recipe), "\\u003c"))
    except UnicodeEncodeError as error:
        raise LabelMissing("the recipe holds half a character") from error
    info.add_itxt(PARAMETERS, _parameters(recipe))
    file = BytesIO()
    image.save(file, "PNG", pnginfo=info, compress_level=LEVEL)
    png = file.getvalue()
    if check(png) != recipe:
        raise LabelMissing("the recipe does not read back as it was")
    return png


def covered(picture: Picture) -> bytes:
    """Return what the visible words cover of a picture, as a PNG that says where it belongs.

    With it the picture can be had back as it was drawn, to be drawn on; it goes to nobody.

    Raises:
        LabelMissing: The picture is too small for the words.
    """
    image = Image.frombytes("RGB", (picture.width, picture.height), picture.rgb)
    box = stamp_for(image.width, image.height).box
    info = PngInfo()
    info.add_text(PLACE, f"{box[0]},{box[1]}")
    file = BytesIO()
    image.crop(box).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def uncovered(png: bytes, cover: bytes) -> bytes:
    """Return a labelled picture as it was drawn, as a plain PNG; for the engine alone.

    Raises:
        LabelMissing: One of the two cannot be opened, or they do not belong together.
    """
    file = BytesIO()
    bare(png, cover).save(file, "PNG")
    return file.getvalue()


def bare(png: bytes, cover: bytes) -> Image.Image:
    """Return a labelled picture as it was drawn, to be put into another that is labelled.

    Raises:
        LabelMissing: One of the two cannot be opened, or they do not belong together.
    """
    image, under = _open(png), _open(cover)
    try:
        left, upper = map(int, str(under.info.get(PLACE)).split(","))
    except ValueError as error:
        raise LabelMissing("it is not said what the label covers") from error
    image.paste(under, (left, upper))
    return Image.frombytes("RGB", image.size, image.tobytes())  # without the texts of the file


def thumbnail(png: bytes, side_px: int) -> bytes:
    """Return a labelled picture made small, as WebP, with the words and the hidden label on it.

    The words are pressed on anew, since they may be too small to read when they shrink with it.

    Args:
        png: The labelled picture.
        side_px: The longest side; of a long narrow one more, so that the words have room.

    Raises:
        LabelMissing: The picture carries no label, or the small one cannot.
    """
    image = _open(png)
    scale = min(1.0, max(side_px / max(image.size), MIN_SHORT_PX / min(image.size)))
    width, height = (max(1, round(px * scale)) for px in image.size)
    resized = image.resize((width, height), Image.Resampling.LANCZOS)
    small = Image.frombytes("RGB", (width, height), resized.tobytes())
    stamp, packet = stamp_for(width, height), _only_text(png, XMP).encode()
    stamp.press(small)
    for how in ({"quality": THUMBNAIL_QUALITY}, {"lossless": True}):
        if (made := _webp(small, stamp, packet, how)) is not None:
            return made
    raise LabelMissing(f"{ONE_LINE[0]} is not on the thumbnail")


def lighter(png: bytes, most_bytes: int) -> bytes:
    """Return a labelled picture in fewer bytes, as WebP, with both labels: as good as can be.

    Args:
        png: The labelled picture.
        most_bytes: That it may have.

    Raises:
        LabelMissing: The picture carries no label, or none that small can.
    """
    image, packet = _open(png), _only_text(png, XMP).encode()
    whole = Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())
    stamp = stamp_for(*whole.size)
    for quality in QUALITIES:
        made = _webp(whole, stamp, packet, {"quality": quality})
        if made is not None and len(made) <= most_bytes:
            return made
    for share in SHRUNK:
        made = thumbnail(png, round(max(image.size) * share))
        if len(made) <= most_bytes:
            return made
    raise LabelMissing(f"no labelled picture has so few bytes as {most_bytes}")


def _webp(
    image: Image.Image, stamp: "Stamp", packet: bytes, how: Mapping[str, int | bool]
) -> bytes | None:
    """Return a picture as WebP; None if its words or its hidden label got lost on the way."""
    file = BytesIO()
    image.save(file, "WEBP", xmp=packet, **how)
    with Image.open(file, formats=("WEBP",)) as made:
        if stamp.is_on(made.convert("RGB")) and made.info.get("xmp") == packet:
            return file.getvalue()
    return None


def sketch(previews: Sequence[Preview], produce_id: str, config: LabelConfig) -> bytes:
    """Return pictures in the making, side by side, as a labelled PNG without a recipe.

    Args:
        previews: At least one; from three on they stand in two columns.
        produce_id: The number of this sketch; printable ASCII.
        config: Whose label it is.

    Raises:
        LabelMissing: It cannot carry the label.
    """
    columns = min(2, len(previews))
    rows = -(-len(previews) // columns)
    longest = max(max(preview.width, preview.height) for preview in previews)
    cells = [
        Image.frombytes("RGB", (preview.width, preview.height), preview.rgb).resize(
            (
                max(1, round(preview.width * SKETCH_PX / longest)),
                max(1, round(preview.height * SKETCH_PX / longest)),
            ),
            Image.Resampling.BICUBIC,
        )
        for preview in previews
    ]
    across, down = max(cell.width for cell in cells), max(cell.height for cell in cells)
    image = Image.new("RGB", (columns * across, rows * down))
    for number, cell in enumerate(cells):
        image.paste(cell, (number % columns * across, number // columns * down))
    stamp_for(image.width, image.height).press(image)
    info = PngInfo()
    info.add_itxt(XMP, PACKET % escape(_aigc(produce_id, config.operator_code)))
    file = BytesIO()
    image.save(file, "PNG", pnginfo=info)
    check_labels(file.getvalue())
    return file.getvalue()


def assembled(image: Image.Image, packet: str) -> bytes:
    """Return a picture that was put together of labelled ones as a labelled PNG.

    Args:
        image: RGB, with room for the words in its lower right corner; they are drawn on it.
        packet: The hidden label of one of them: the new one is in the same name.

    Raises:
        LabelMissing: It cannot carry the label, or the packet is none.
    """
    stamp_for(image.width, image.height).press(image)
    info = PngInfo()
    info.add_itxt(XMP, packet_after(packet, hashlib.sha256(image.tobytes()).hexdigest()))
    file = BytesIO()
    image.save(file, "PNG", pnginfo=info, compress_level=LEVEL)
    check_labels(file.getvalue())
    return file.getvalue()


def packet_after(packet: str, sha256: str) -> str:
    """Return the hidden label of what was put together of labelled pictures.

    Args:
        packet: The hidden label of one of them: the new one is in the same name.
        sha256: Of the pixels of the whole, in hexadecimal digits: it is numbered for them.

    Raises:
        LabelMissing: The packet is none.
    """
    check_packet(packet)
    values = json.loads(next(iter(ET.fromstring(packet).iter(f"{{{TC260}}}AIGC"))).text or "")  # noqa: S314
    return PACKET % escape(_aigc(f"danqing-{sha256[:32]}", values["ContentProducer"]))


def packet_of(content: bytes) -> str:
    """Return the hidden label of a labelled picture, thumbnail or animation.

    Raises:
        LabelMissing: There is none, or more than one.
    """
    if content.startswith(b"\x89PNG"):
        return _only_text(content, XMP)
    if content.startswith(b"GIF8"):
        return _packet_of_gif(content)
    try:
        with Image.open(BytesIO(content), formats=("WEBP",)) as image:
            packet = image.info.get("xmp")
    except (OSError, SyntaxError, ValueError) as error:
        raise LabelMissing("this is no picture that can be opened") from error
    if not isinstance(packet, bytes):
        raise LabelMissing("there is no hidden label")
    return packet.decode("utf-8", "replace")


def _packet_of_gif(content: bytes) -> str:
    try:
        found = list(gif.extensions(content))
    except ValueError as error:
        raise LabelMissing(f"the animation is damaged: {error}") from error
    packets = [body for name, body in found if name == gif.XMP]
    if len(packets) != 1 or any(b"AIGC" in body for name, body in found if name != gif.XMP):
        raise LabelMissing(f"there are {len(packets)} hidden labels in the file, or others beside")
    return packets[0].decode("utf-8", "replace")


def check(png: bytes) -> Recipe:
    """See that a file carries the whole label, and return its recipe.

    Raises:
        LabelMissing: It does not; says what is missing.
    """
    size = check_labels(png).size
    recipe = recipe_of(png)
    if recipe.picture_px != size:
        raise LabelMissing(f"the recipe is of another picture than one of {size}")
    return recipe


def check_labels(png: bytes) -> Image.Image:
    """See that a file carries both labels, whatever it was made of, and return the picture.

    Raises:
        LabelMissing: It does not; says what is missing.
    """
    image = _open(png)
    if not stamp_for(image.width, image.height).is_on(image):
        raise LabelMissing(f"{ONE_LINE[0]} is not on the picture")
    _check_hidden(png)
    return image


def recipe_of(png: bytes) -> Recipe:
    """Read the recipe back from a labelled picture.

    Raises:
        LabelMissing: There is none, or it cannot be read.
    """
    text = _only_text(png, RECIPE)
    try:
        return msgspec.json.decode(text, type=Recipe)
    except msgspec.MsgspecError as error:
        raise LabelMissing("the recipe cannot be read") from error


@dataclass(frozen=True, slots=True)
class Stamp:
    """The words in their place on a picture of one size."""

    box: tuple[int, int, int, int]
    ink: Image.Image
    """How much the letters cover, 0 to 255."""
    edge: Image.Image
    """The same of letters and outline together."""

    def press(self, image: Image.Image) -> None:
        """Draw white letters in a black outline: one of both stands out from anything."""
        image.paste((0, 0, 0), self.box, self.edge)
        image.paste((255, 255, 255), self.box, self.ink)

    def is_on(self, image: Image.Image) -> bool:
        """Say whether letters and outline are on the picture, within the tolerances."""
        here = image.crop(self.box)
        letters = self.ink.point([255 * (cover >= SOLID) for cover in range(256)])
        solid = self.edge.point([255 * (cover >= SOLID) for cover in range(256)])
        bare = self.ink.point([255 * (cover == 0) for cover in range(256)])
        outline = ImageChops.darker(solid, bare)
        return _all_near(here, 255, letters) and _all_near(here, 0, outline)


def _all_near(image: Image.Image, level: int, mask: Image.Image) -> bool:
    """Say whether the pixels under a mask are, nearly all and nearly, of one grey level."""
    off = ImageChops.difference(image, Image.new("RGB", image.size, (level, level, level)))
    red, green, blue = off.split()
    counts = ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram(mask)
    return sum(counts[: TOLERANCE + 1]) >= SAME_SHARE * sum(counts) > 0


@lru_cache(maxsize=64)
def stamp_for(width: int, height: int) -> Stamp:
    """Return the words for a picture of a size.

    Raises:
        LabelMissing: It is too small for them.
    """
    em = max(MIN_EM_PX, math.ceil(EM_SHARE * min(width, height)))
    thick_px = max(2, em // 12)
    for words, outline_px in ((ONE_LINE, thick_px), (TWO_LINES, thick_px), (TWO_LINES, 1)):
        ink, edge = _words(words, em, 0), _words(words, em, outline_px)
        box = edge.getbbox() or (0, 0, 0, 0)
        wide, high = box[2] - box[0], box[3] - box[1]
        free_px = min(width - wide, height - high)
        if free_px >= 0:
            break
    else:
        raise LabelMissing(f"a picture of {width}×{height} is too small to carry its label")
    margin_px = min(em // 3, free_px // 2)
    right, bottom = width - margin_px, height - margin_px
    return Stamp((right - wide, bottom - high, right, bottom), ink.crop(box), edge.crop(box))


def _words(lines: tuple[str, ...], em: int, outline_px: int) -> Image.Image:
    """Return how much the words cover, on ground enough around them."""
    # The basic layout is in every Pillow; raqm is not, and places letters differently.
    font = ImageFont.truetype(FONT, em, layout_engine=ImageFont.Layout.BASIC)
    mask = Image.new("L", (4 * em, 4 * em))
    for number, line in enumerate(lines):
        place = (em // 2, em // 2 + (number + 1) * (em + 1))
        ImageDraw.Draw(mask).text(place, line, 255, font, "ls", stroke_width=outline_px)
    return mask


def _aigc(produce_id: str, code: str) -> str:
    if not ASCII_VALUE.fullmatch(produce_id):
        raise LabelMissing(f"no number of a picture: {produce_id!r}")
    values = ("1", code, produce_id, "", code, produce_id, "")
    return json.dumps(dict(zip(AIGC_KEYS, values, strict=True)), separators=(",", ":"))


def _check_hidden(png: bytes) -> None:
    if any(keyword == "AIGC" for _, keyword, _ in _texts(png)):
        raise LabelMissing("there is a second hidden label")
    check_packet(_only_text(png, XMP))


def check_packet(packet: str) -> None:
    """See that a hidden label says what it must.

    Raises:
        LabelMissing: It does not.
    """
    if "<!" in packet:  # the packet needs no DTD, and entities can blow up
        raise LabelMissing("the hidden label is no packet of ours")
    try:
        root = ET.fromstring(packet)  # noqa: S314  without a DTD there is nothing to expand
        (aigc,) = root.iter(f"{{{TC260}}}AIGC")
        (source,) = root.iter(f"{{{IPTC}}}DigitalSourceType")
        found: object = json.loads(aigc.text or "")
    except (ET.ParseError, ValueError) as error:
        raise LabelMissing("the hidden label cannot be read") from error
    if source.text != DRAWN_BY_A_MODEL or not _is_aigc(found):
        raise LabelMissing("the hidden label does not say what it must")


def _is_aigc(found: object) -> bool:
    """Say whether an AIGC value has the form of Annex E, as its producer writes it."""
    if not isinstance(found, dict):
        return False
    values = cast("dict[str, object]", found)
    if tuple(values) != AIGC_KEYS or not all(isinstance(v, str) for v in values.values()):
        return False
    texts = cast("dict[str, str]", found)
    return (
        texts["Label"] == "1"
        and bool(texts["ProduceID"])
        and all(not text or ASCII_VALUE.fullmatch(text) for text in texts.values())
    )


def _as_json(recipe: Recipe) -> str:
    """Write a recipe out; one that goes all the way as it was before there were others."""
    values = {field.name: getattr(recipe, field.name) for field in fields(recipe)}
    if recipe.until is None:
        del values["until"]
    return msgspec.json.encode(values).decode()


def _parameters(recipe: Recipe) -> str:
    """Write a recipe out as other drawing programs read it."""
    loras = "".join(f" <lora:{name}:{weight:g}>" for name, weight in recipe.loras.items())
    pairs = {
        "Steps": recipe.steps,
        "Sampler": recipe.sampler,
        "Schedule type": recipe.levels,
        "CFG scale": recipe.guidance,
        "Seed": recipe.seed,
        # there, the size is that of the draft where one is enlarged
        "Size": "x".join(str(round(px / recipe.hires)) for px in (recipe.width, recipe.height)),
        "Model": recipe.model,
        **_more_parameters(recipe),
        "Version": "danqing",
    }
    lines = [
        recipe.prompt + loras,
        *([f"Negative prompt: {recipe.avoid}"] if recipe.avoid else []),
        ", ".join(f"{key}: {_quoted(str(value))}" for key, value in pairs.items()),
    ]
    text = "".join(char for char in "\n".join(lines) if char == "\n" or char.isprintable())
    return _unlike_a_label(text, "＜")


def _more_parameters(recipe: Recipe) -> dict[str, object]:
    """Return what is said only of a picture that is not drawn from noise and words alone."""
    pairs: dict[str, object] = {}
    if recipe.source or recipe.hires > 1:
        pairs["Denoising strength"] = recipe.strength
    if recipe.hires > 1:
        pairs |= {"Hires upscale": f"{recipe.hires:g}", "Hires upscaler": "Latent"}
    if recipe.source:
        pairs["Source"] = recipe.source[:SHORT]
    if recipe.mask:
        pairs["Mask"] = recipe.mask[:SHORT]
    if (margins := recipe.expand) is not None:
        around = (margins.left, margins.up, margins.right, margins.down)
        pairs |= {"Outpaint": ",".join(map(str, around)), "Outpaint edges": margins.edges}
    return pairs | _about_the_way(recipe)


def _about_the_way(recipe: Recipe) -> dict[str, object]:
    """Return what is said of a picture that was not drawn in the usual steps alone."""
    pairs: dict[str, object] = {}
    if recipe.until is not None:
        pairs["Stopped at"] = recipe.until
    if recipe.fast:
        pairs["Fast"] = True
    if recipe.upscale > 1:
        pairs["Postprocess upscale by"] = recipe.upscale
    return pairs


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r"[,:\n]", value) else value


def _unlike_a_label(text: str, bracket: str) -> str:
    """Keep a prompt that spells the label from passing for a second one."""
    return re.sub(r"<(?=/?(TC260|x:xmpmeta|\?xpacket))", lambda _: bracket, text)


def _open(png: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(png), formats=("PNG",)) as image:
            image.load()
            if image.mode != "RGB":
                raise LabelMissing(f"the picture is {image.mode}, not RGB")
            return image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise LabelMissing("this is no picture that can be opened") from error


def _only_text(png: bytes, keyword: str) -> str:
    """Return the one text of a PNG under a keyword, as iTXt and not compressed."""
    found = [(kind, text) for kind, key, text in _texts(png) if key == keyword]
    if len(found) != 1 or found[0][0] != b"iTXt":
        raise LabelMissing(f"there are {len(found)} texts {keyword} in the file, not one iTXt")
    flags, _, rest = found[0][1].partition(b"\0\0\0\0")  # flag, method, language, translation
    if flags:
        raise LabelMissing(f"the text {keyword} is compressed or of another language")
    try:
        return rest.decode()
    except UnicodeDecodeError as error:
        raise LabelMissing(f"the text {keyword} is not UTF-8") from error


def _texts(png: bytes) -> Iterator[tuple[bytes, str, bytes]]:
    """Read type, keyword and the rest of each text in a PNG.

    By hand: Pillow's dict of texts does not tell one from two, nor compressed from plain.

    Raises:
        LabelMissing: The file ends too soon or is damaged.
    """
    at = 8
    while at < len(png):
        try:
            length, kind = struct.unpack_from(">I4s", png, at)
            (crc,) = struct.unpack_from(">I", png, at + 8 + length)
        except struct.error as error:
            raise LabelMissing("the file ends within a chunk") from error
        body = png[at + 8 : at + 8 + length]
        if kind in (b"iTXt", b"tEXt", b"zTXt"):
            if zlib.crc32(kind + body) != crc:
                raise LabelMissing("a text of the file is damaged")
            keyword, _, rest = body.partition(b"\0")
            yield kind, keyword.decode("latin-1"), rest
        at += 12 + length
