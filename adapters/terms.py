"""Faults in the operator's language."""

from pathlib import Path

from adapters.config import ConfigError
from adapters.locale import said
from bot.errors import NewerStore, StoreBusy, StoreDamaged, StoreError, StoreReadOnly, StudioError
from bot.style import BrokenStyles
from bot.words.entry import BrokenWords
from generation.errors import EngineError


def tellable() -> tuple[type[Exception], ...]:
    """Return the errors that have words for the operator; all others are bugs."""
    return (ConfigError, BrokenStyles, BrokenWords, StoreError, StudioError, EngineError)


def in_words(error: Exception) -> list[str]:
    """Return what is wrong, a line for each fault."""
    match error:
        case ConfigError() | BrokenStyles() | BrokenWords():
            return error.faults
        case StoreBusy(args=(folder, owner)):
            return [
                said(
                    f"{folder}: in use by another danqing (process {owner})",
                    f"{folder}：另一个丹青正在使用这个数据目录（进程 {owner}）",
                )
            ]
        case NewerStore(args=(path, found, known)):
            return [
                said(
                    f"{path}: written by a newer danqing (schema {found}, this one knows {known}); "
                    "update danqing, or use another data folder",
                    f"{path}：由更新版本的丹青写入（数据版本 {found}，本程序只认识到 {known}），"
                    "请升级程序，或换一个数据目录",
                )
            ]
        case StoreReadOnly(args=(folder, reason)):
            return [said(f"{folder}: cannot be written: {reason}", f"{folder}：不能写入：{reason}")]
        case StoreDamaged(args=(path, reason)):
            return [
                said(
                    f"{path}: cannot be read: {reason}; restore a backup, or move it away "
                    f"to begin anew (the pictures in {_beside(path)} stay)",
                    f"{path}：读不出来：{reason}；请用备份恢复，或把它移走重新开始"
                    f"（{_beside(path)} 里的画不受影响）",
                )
            ]
        case _:
            return [str(error)]


def _beside(path: object) -> Path:
    return Path(str(path)).parent / "pictures"
