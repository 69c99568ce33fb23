"""Faults in the operator's language."""

from pathlib import Path

from adapters.config import ConfigError
from adapters.locale import said
from bot.errors import (
    BackupBroken,
    FolderInUse,
    NewerStore,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreReadOnly,
    StudioError,
)
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
        case StoreReadOnly() | FolderInUse() | BackupBroken():
            return [_refused(error)]
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


def _refused(error: StoreReadOnly | FolderInUse | BackupBroken) -> str:
    path, *reason = error.args
    match error:
        case StoreReadOnly():
            return said(f"{path}: cannot be written: {reason[0]}", f"{path}：不能写入：{reason[0]}")
        case FolderInUse():
            return said(
                f"{path}: there is something already; nothing was changed, name another",
                f"{path}：那里已经有东西了，什么都没动，请换一个",
            )
        case BackupBroken():
            return said(*(words.format(path=path) for words in _BROKEN[reason[0]]))


_BROKEN = {
    "truncated": (
        "{path}: this backup is cut off; nothing was restored",
        "{path}：这个备份不完整，什么都没恢复",
    ),
    "altered": (
        "{path}: this backup was altered or is damaged; nothing was restored",
        "{path}：这个备份被改过或损坏了，什么都没恢复",
    ),
    "strange": (
        "{path}: this is no backup of danqing; nothing was restored",
        "{path}：这不是丹青的备份，什么都没恢复",
    ),
}
"""What is wrong with a backup, in both languages."""


def _beside(path: object) -> Path:
    return Path(str(path)).parent / "pictures"
