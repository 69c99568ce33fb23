"""What a model service gets."""

import hashlib
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from generation.errors import BrokenModel
from generation.zoo.folder import faults
from generation.zoo.pack import pack


@pytest.fixture
def folder(models: dict[str, Path], tmp_path: Path) -> Path:
    made = Path(shutil.copytree(models["eps"], tmp_path / "eps"))
    (made / "README.md").write_text("about", encoding="utf-8")
    (made / "unet/evil.py").write_text("import os", encoding="utf-8")
    (made / "unet/diffusion_pytorch_model.bin").write_bytes(b"pickle")
    (made / ".cache").mkdir()
    (made / ".cache/x.json").write_text("{}", encoding="utf-8")
    return made


def test_what_is_unpacked_is_the_model(folder: Path, tmp_path: Path) -> None:
    made = pack(folder, tmp_path / "a.tar.gz")
    with tarfile.open(made.path) as archive:
        names = archive.getnames()
        fenced = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # from 3.11.4 on
        archive.extractall(tmp_path / "out", **fenced)  # noqa: S202  # pyright: ignore[reportArgumentType]
    assert len(names) == made.files
    assert faults(tmp_path / "out") == []
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes()
    assert {"model_index.json", "README.md", "tokenizer/vocab.txt"} <= set(names)
    assert not [name for name in names if name.endswith((".py", ".bin")) or ".cache" in name]
    content = made.path.read_bytes()
    assert (made.size_bytes, made.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_same_model_is_the_same_archive(folder: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "elsewhere/named otherwise"))
    for number, file in enumerate(sorted(other.rglob("*"), reverse=True)):
        os.utime(file, (number, number))
        file.chmod(0o700)
    one, two = pack(folder, tmp_path / "a.tar.gz"), pack(other, tmp_path / "b.tar.gz")
    assert one.sha256 == two.sha256
    with tarfile.open(one.path) as archive:
        assert {(e.mtime, e.uid, e.gid, e.uname, e.mode) for e in archive} == {(0, 0, 0, "", 0o644)}


def test_a_broken_model_is_not_packed(folder: Path, tmp_path: Path) -> None:
    (folder / "vae/config.json").unlink()
    with pytest.raises(BrokenModel, match=r"vae/config\.json 缺失"):
        pack(folder, tmp_path / "a.tar.gz")
    assert not list(tmp_path.glob("*.tar.gz")) + list(tmp_path.glob(".*.part"))


def test_what_cannot_be_written_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BrokenModel, match=r"a\.tar\.gz 写不出来"):
        pack(folder, tmp_path / "nowhere/a.tar.gz")
    (tmp_path / "taken.tar.gz").mkdir()
    with pytest.raises(BrokenModel, match=r"taken\.tar\.gz 写不出来"):
        pack(folder, tmp_path / "taken.tar.gz")
    assert not list(tmp_path.glob(".*.part"))
