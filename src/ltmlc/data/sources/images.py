"""Reading one photograph, the same way for every data set."""

from pathlib import Path

import cv2
import numpy as np

from ltmlc.errors import InputError


def read_rgb(path: str | Path) -> np.ndarray:
    """Decode an image file to uint8 RGB (H, W, 3), as OpenCV's ``IMREAD_COLOR`` does.

    The EXIF orientation is applied, grey and CMYK become RGB, 16 bits a channel are reduced to their upper 8,
    transparency is dropped.

    Raises InputError for a missing, unreadable or truncated file (of which OpenCV may fill the rest with grey).
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"image {path} cannot be read ({error.strerror}); download or extract it again") from None
    if not _is_whole(content):
        raise InputError(f"image {path} is truncated: its end marker is missing; download or extract it again")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # an empty file, or one that claims more pixels than OpenCV accepts
        image = None
    if image is None:
        raise InputError(
            f"image {path} is damaged or of no format that OpenCV reads; download or extract it again, or remove it "
            "from the set"
        )
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _is_whole(content: bytes) -> bool:
    """Whether a JPEG or PNG has its end marker; in a JPEG after the last scan, as embedded thumbnails have one."""
    if content.startswith(b"\xff\xd8"):
        return content.rfind(b"\xff\xd9") > content.rfind(b"\xff\xda")
    if content.startswith(b"\x89PNG"):
        return b"IEND" in content
    return True
