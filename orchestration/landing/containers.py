"""Opens a landed file: regular, unchanged, plain or packed, within the caps.

Packing (gz, zip) is recognised by its first bytes. Formats are read in `readers/`; nothing here knows rows.
"""

import gzip
import hashlib
import os
import stat
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from orchestration.landing import limits
from orchestration.landing.batches import FileChanged, FileRefused

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"


class LandedFile:
    """One file held open by its descriptor, so that a swapped name changes nothing while it is read."""

    def __init__(self, path: Path):
        self.path = path
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        self._file = os.fdopen(descriptor, "rb")
        self._before = os.fstat(descriptor)
        if not stat.S_ISREG(self._before.st_mode):
            self._file.close()
            raise FileRefused("format", "not a regular file")
        self.bytes = self._before.st_size
        self.sha256 = hashlib.file_digest(self._file, "sha256").hexdigest()

    def __enter__(self) -> "LandedFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def plain(self) -> BinaryIO:
        """The file's own bytes from the beginning."""
        if self.bytes == 0:
            raise FileRefused("empty", "the file has no bytes")
        if self.bytes > limits.FILE_BYTES:
            raise FileRefused("size", f"{self.bytes} bytes, at most {limits.FILE_BYTES}")
        self._file.seek(0)
        return self._file

    def unpacked(self) -> BinaryIO:
        """The content from the beginning, unpacked when the file is gz or a zip of one member."""
        file = self.plain()
        magic = file.read(4)
        file.seek(0)
        if magic[:2] == GZIP:
            return _Capped(gzip.GzipFile(fileobj=file), self.bytes)  # type: ignore[return-value]
        if magic == ZIP:
            return _Capped(_only_member(file), self.bytes)  # type: ignore[return-value]
        return file

    def check_unchanged(self) -> None:
        """Raises FileChanged when the file is no longer what was hashed."""
        try:
            now = self.path.lstat()
        except FileNotFoundError:
            raise FileChanged from None
        if _stamp(now) != _stamp(self._before) or _stamp(os.fstat(self._file.fileno())) != _stamp(self._before):
            raise FileChanged


class _Capped:
    """A packed stream that stops at the caps and turns every unpacking error into a refusal."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile, packed_bytes: int):
        self._stream, self._count = stream, 0
        self._limit = min(limits.FILE_BYTES, max(limits.EXPANSION_FLOOR_BYTES, packed_bytes * limits.EXPANSION_RATIO))

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(min(size, self._limit + 1) if size >= 0 else self._limit + 1)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError):
            raise FileRefused("format", "the packed file is damaged, encrypted or cut off") from None
        self._count += len(data)
        if self._count > self._limit:
            raise FileRefused("size", f"unpacks to more than {self._limit} bytes")
        return data


def _only_member(file: BinaryIO) -> BinaryIO:
    try:
        archive = zipfile.ZipFile(file)
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise FileRefused("format", f"a zip of {len(members)} files; exactly one is read")
        return archive.open(members[0])  # type: ignore[return-value]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError):
        raise FileRefused("format", "the zip is damaged or encrypted") from None


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
