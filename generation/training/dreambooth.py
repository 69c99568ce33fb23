"""DreamBooth: a thing's name learned without forgetting its kind. Source: arXiv:2208.12242."""

from pathlib import Path

from generation.training import dataset
from generation.training.checkpoint import write_whole
from generation.training.dataset import Dataset
from generation.training.feed import derived
from generation.training.output import saving
from generation.training.picture import SUFFIXES
from generation.training.plan import Plan
from generation.training.progress import Preparing, Tell
from generation.training.validation import Drawing


def class_pictures(plan: Plan, drawing: Drawing, tell: Tell) -> Dataset:
    """Return pictures of the kind; the model draws those that are missing itself.

    Raises:
        NotSaved: The disk does not take them.
        BadData: None of them is of use.
    """
    folder = plan.class_folder
    with saving("文件夹", folder, None):
        folder.mkdir(parents=True, exist_ok=True)
        there = sum(path.suffix.lower() in SUFFIXES for path in folder.rglob("*"))
    missing = max(0, plan.num_class_images - there)
    numbers = [n for n in range(plan.num_class_images) if not _place(folder, n).exists()][:missing]
    seeds = [derived(plan.seed, "class", number) for number in numbers]
    for done, (number, picture) in enumerate(
        zip(numbers, drawing.draw(plan.class_prompt, seeds), strict=True), there + 1
    ):
        path = _place(folder, number)
        with saving("图片", path, None):
            write_whole(path, lambda beside: picture.save(beside, "PNG"))  # noqa: B023  done at once
        tell(Preparing(what="class", done=done, total=plan.num_class_images))
    return dataset.read(folder, caption=plan.class_prompt)


def _place(folder: Path, number: int) -> Path:
    return folder / f"class-{number:04d}.png"
