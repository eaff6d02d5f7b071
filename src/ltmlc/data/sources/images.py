"""Reading one photograph, the same way for every data set."""

import io
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from ltmlc.data.sources.source import UnusableImageError
from ltmlc.disk.reading import why_unread

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF", "JPEG2000", "PPM", "AVIF")
"""What may be an image, by the head of the file, as Pillow names it."""

MAX_PIXELS = 89_478_485
"""Of one image: where Pillow warns of decompression bombs. Decoded, so many take 270 MB."""

LARGEST_IMAGE = 400_000_000
"""Of one file: more than so many pixels of noise need in any format of 8 bits."""

# What libjpeg warns of although the pixels are as they were written.
HARMLESS = ("Invalid SOS parameters", "Unknown Adobe color transform", "Warning: unknown JFIF revision")


def read_rgb(path: str | Path) -> np.ndarray:
    """Decode an image file to uint8 RGB (H, W, 3), as OpenCV's ``IMREAD_COLOR`` does.

    The EXIF orientation is applied, grey and CMYK become RGB, 16 bits a channel are reduced to their upper 8,
    transparency is dropped. The kind of file, its size and its pixels are asked before it is read and decoded.

    Raises:
        UnusableImageError: a missing, unreadable, too large, truncated or damaged file. Damage inside a JPEG is what
            libjpeg warns of: it fills the rest with grey or garbage, and OpenCV passes that on. A JPEG has no checksum,
            so damage that decodes without a warning stays unseen.
    """
    content = _read(Path(path))
    _refuse_too_many_pixels(path, content)
    if not _is_whole(content):
        raise UnusableImageError(path, "is truncated: its end marker is missing")
    if content.startswith(b"\xff\xd8") and (damage := _damage_in_jpeg(content)):
        raise UnusableImageError(path, f"is damaged inside ({damage})")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # an empty file, or one that ends within its head
        image = None
    if image is None:
        raise UnusableImageError(path, "is damaged or of no format that can be read")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _read(path: Path) -> bytes:
    try:
        if not (why := why_unread(path, LARGEST_IMAGE)):
            return path.read_bytes()
    except (OSError, ValueError) as error:  # a name with NUL is a ValueError
        raise UnusableImageError(path, f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    raise UnusableImageError(path, f"{why}: shrink it" if path.is_file() else why)


def _refuse_too_many_pixels(path: str | Path, content: bytes) -> None:
    """By the file's head alone: nothing is decoded."""
    too_many = f"has more pixels than the {MAX_PIXELS // 1_000_000} million that are read: shrink it"
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UnusableImageError(path, too_many)
    except Image.DecompressionBombError:
        raise UnusableImageError(path, too_many) from None
    except UnusableImageError:
        raise
    except Exception:  # of a damaged head Pillow's readers raise anything
        raise UnusableImageError(path, "is damaged or of no format that can be read") from None


def _is_whole(content: bytes) -> bool:
    """Whether a JPEG or PNG has its end marker; in a JPEG after the last scan, as embedded thumbnails have one."""
    if content.startswith(b"\xff\xd8"):
        return content.rfind(b"\xff\xd9") > content.rfind(b"\xff\xda")
    if content.startswith(b"\x89PNG"):
        return b"IEND" in content
    return True


def _damage_in_jpeg(content: bytes) -> str | None:
    """What libjpeg warns of while it reads all of a JPEG's data; decoded at an eighth of its size, for speed."""
    try:
        inks = simplejpeg.decode_jpeg_header(content)[2] in ("CMYK", "YCCK")
        space = "CMYK" if inks else "GRAY"
        simplejpeg.decode_jpeg(content, space, min_height=1, min_width=1, min_factor=8, strict=True)
    except ValueError as error:
        return None if str(error).startswith(HARMLESS) else str(error)
    return None
