"""Labelled pictures that move: both labels on each, read back and refused."""

import hashlib
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot import gif
from bot.animation import animated, check_animation
from bot.errors import LabelMissing
from bot.label import LabelConfig, label, packet_of, stamp_for
from bot.store.plates import Plates
from generation.recipe import Picture, Recipe

CODE = "00119111010200EXAMPLE010000"  # of the right form, nobody's


def a_packet() -> str:
    recipe = Recipe(
        model="mini", prompt="猫", width=64, height=64, steps=1, guidance=1, sampler="euler", seed=1
    )
    picture = Picture(recipe=recipe, width=64, height=64, rgb=bytes(64 * 64 * 3), seconds=1.0)
    return packet_of(label(picture, "7-0", LabelConfig(operator_code=CODE)))


PACKET = a_packet()


def noise(number: int, size: tuple[int, int]) -> Image.Image:
    """A frame of noise: nothing leaves less of the words."""
    rgb = hashlib.shake_128(bytes([number])).digest(size[0] * size[1] * 3)
    return Image.frombytes("RGB", size, rgb)


def plain(number: int, size: tuple[int, int] = (320, 256)) -> Image.Image:
    return Image.linear_gradient("L").resize(size).rotate(90 * number).convert("RGB")


def shown(content: bytes) -> list[tuple[Image.Image, int]]:
    """The frames, and for how long each is shown."""
    with Image.open(BytesIO(content), formats=("GIF",)) as image:
        found: list[tuple[Image.Image, int]] = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            found.append((image.convert("RGB"), image.info["duration"]))
        return found


@pytest.mark.parametrize("size", [(256, 256), (64, 200), (640, 96), (64, 64)])
@pytest.mark.parametrize("draw", [noise, plain])
def test_each_frame_bears_the_words_and_the_file_the_hidden_label(
    size: tuple[int, int], draw: Callable[[int, tuple[int, int]], Image.Image]
) -> None:
    made = animated([draw(number, size) for number in range(3)], PACKET, [100, 50, 2000])
    check_animation(made)
    assert [duration for _, duration in shown(made)] == [100, 50, 2000]
    assert all(stamp_for(*size).is_on(frame) for frame, _ in shown(made))
    assert made.count(b"<TC260:AIGC>") == 1
    assert f'"ContentProducer":"{CODE}"' in packet_of(made), "in the same name"
    assert packet_of(made) != PACKET, "and with a number of its own"


def test_it_is_shown_over_and_over_and_its_hidden_label_comes_before_its_pictures() -> None:
    made = animated([plain(0), plain(1)], PACKET, [100, 100])
    names = [name for name, _ in gif.extensions(made)]
    assert names == [gif.LOOPS, gif.XMP]
    assert dict(gif.extensions(made))[gif.LOOPS] == b"\x01\x00\x00"
    assert gif.TRAILER[:3] == b"\x01\xff\xfe"
    assert len(gif.TRAILER) == 258


def test_the_same_frames_give_the_same_bytes_and_remain_as_they_were() -> None:
    frames = [plain(0), plain(1)]
    before = [frame.tobytes() for frame in frames]
    assert animated(frames, PACKET, [100, 100]) == animated(frames, PACKET, [100, 100])
    assert [frame.tobytes() for frame in frames] == before
    assert animated(frames, PACKET, [100, 110]) != animated(frames, PACKET, [100, 100])


def test_one_frame_is_enough() -> None:
    check_animation(animated([plain(0)], PACKET, [100]))


def test_colours_remain_near_to_what_they_were() -> None:
    (frame, _), *_ = shown(animated([plain(0), plain(2)], PACKET, [100, 100]))
    small = plain(0).resize((16, 8), Image.Resampling.BOX).tobytes()
    again = frame.resize((16, 8), Image.Resampling.BOX).tobytes()
    words = 3 * 16 * 2  # the lowest two rows, where the words are
    assert max(abs(a - b) for a, b in zip(small[:-words], again, strict=False)) <= 4


def test_what_has_too_many_bytes_is_made_smaller_and_at_last_shorter() -> None:
    frames = [noise(number, (100, 90)).resize((300, 280)) for number in range(4)]
    durations = [100] * 4
    whole = animated(frames, PACKET, durations)
    smaller = animated(frames, PACKET, durations, most_bytes=len(whole) * 4 // 5)
    shorter = animated(frames, PACKET, durations, most_bytes=len(whole) // 2)
    assert len(whole) * 4 // 5 >= len(smaller) > len(whole) // 2 >= len(shorter)
    assert shown(whole)[0][0].size == (300, 280)
    assert 240 <= shown(smaller)[0][0].height < 280
    assert [len(shown(made)) for made in (whole, smaller, shorter)] == [4, 4, 2]
    assert sum(duration for _, duration in shown(shorter)) == 400, "it takes as long"
    for made in (smaller, shorter):
        check_animation(made)


def test_what_cannot_be_labelled_in_so_few_bytes_is_refused() -> None:
    with pytest.raises(LabelMissing, match="too small"):
        animated([noise(1, (64, 64))], PACKET, [100], most_bytes=1800)
    with pytest.raises(LabelMissing, match="too small"):
        animated([noise(1, (12, 12))], PACKET, [100])
    with pytest.raises(LabelMissing):
        animated([plain(0)], "<x/>", [100])


def without_words(number: int) -> bytes:
    """A GIF one of whose frames is bare, with a hidden label that is good."""
    frames = [plain(0), plain(1), plain(2)]
    for at, frame in enumerate(frames):
        if at != number:
            stamp_for(*frame.size).press(frame)
    file = BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=100, loop=0)
    return gif.with_packet(file.getvalue(), PACKET.encode())


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_frame_without_the_words_is_found(number: int) -> None:
    with pytest.raises(LabelMissing, match=f"frame {number} "):
        check_animation(without_words(number))


def test_a_hidden_label_that_is_gone_doubled_or_damaged_is_refused() -> None:
    made = animated([plain(0), plain(1)], PACKET, [100, 100])
    start = made.index(b"\x21\xff\x0b" + gif.XMP)
    end = made.index(gif.TRAILER) + len(gif.TRAILER)
    words = b"AIGC: 1"
    comment = b"\x21\xfe" + bytes([len(words)]) + words + b"\0"
    for wrong in (
        made[:start] + made[end:],
        gif.with_packet(made, PACKET.encode()),
        made[:end] + comment + made[end:],
        made.replace(b"trainedAlgorithmicMedia", b"trainedAlgorithmicMedim"),
        made.replace(b'"Label":"1"', b'"Label":"2"'),
        re.sub(rb"\x01\xff\xfe\xfd", b"\x01\xff\xfe\xfc", made, count=1),
    ):
        assert wrong != made
        with pytest.raises(LabelMissing):
            check_animation(wrong)


def test_what_is_no_whole_animation_is_refused() -> None:
    made = animated([plain(0), plain(1)], PACKET, [100, 100])
    for broken in (b"", b"GIF89a", made[:1200], made[: len(made) // 2], made[:-1], made + b"!"):
        with pytest.raises(LabelMissing):
            check_animation(broken)


def test_animations_are_kept_beside_pictures_and_found_again(tmp_path: Path) -> None:
    plates, made = Plates(tmp_path), animated([plain(0), plain(1)], PACKET, [100, 100])
    assert plates.drawn("a", ".gif") is None
    plate = plates.keep("a", made, (320, 256), ".gif")
    assert plate.path.suffix == ".gif"
    assert plate.path.read_bytes() == made
    assert plates.drawn("a", ".gif") == plate == plates.find(plate.path.name, 320, 256)
    assert plates.drawn("a") is None, "it is no picture of the same"
    with pytest.raises(ValueError, match=r"\.exe"):
        plates.keep("a", made, (320, 256), ".exe")
