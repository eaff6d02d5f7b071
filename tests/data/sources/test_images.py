import os
import struct
import zlib

import cv2
import numpy as np
import pytest

from ltmlc.data.sources.images import read_rgb
from ltmlc.data.sources.source import UnusableImageError
from ltmlc.errors import InputError

pillow = pytest.importorskip("PIL.Image")


@pytest.fixture
def scene():
    """Smooth, so that JPEG keeps it: red grows downwards, green to the right; 48 x 64."""
    rows, columns = np.mgrid[0:48, 0:64]
    return np.stack([rows * 5, columns * 3, np.full_like(rows, 40)], axis=-1).astype(np.uint8)


def test_channels_are_red_green_blue(tmp_path, scene):
    pillow.fromarray(scene).save(tmp_path / "a.png")
    assert np.array_equal(read_rgb(tmp_path / "a.png"), scene)


def test_exif_orientation_is_applied(tmp_path, scene):
    exif = pillow.Exif()
    exif[0x0112] = 6  # shown rotated by 90 degrees clockwise
    pillow.fromarray(scene).save(tmp_path / "a.jpg", exif=exif, quality=95)
    image = read_rgb(tmp_path / "a.jpg")
    assert image.shape == (64, 48, 3)
    assert np.abs(image.astype(int) - np.rot90(scene, -1)).mean() < 3


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "P", "1"])
def test_every_colour_mode_becomes_three_channels(tmp_path, scene, mode):
    name = "a.jpg" if mode == "CMYK" else "a.png"
    picture = pillow.fromarray(scene).convert(mode)
    picture.save(tmp_path / name)
    image = read_rgb(tmp_path / name)
    assert image.shape == scene.shape and image.dtype == np.uint8
    if mode != "P":  # a palette has few colours
        assert np.abs(image.astype(int) - np.asarray(picture.convert("RGB"))).mean() < 12


def test_16_bits_keep_their_upper_8(tmp_path, scene):
    cv2.imwrite(str(tmp_path / "a.png"), scene[..., ::-1].astype(np.uint16) * 256 + 200)
    assert np.array_equal(read_rgb(tmp_path / "a.png"), scene)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
def test_truncated_file_is_refused_by_name(tmp_path, scene, suffix, share):
    path = tmp_path / f"a.{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    pillow.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match=rf"a\.{suffix} is truncated"):
        read_rgb(path)


def test_truncation_is_seen_behind_a_whole_thumbnail(tmp_path, scene):
    """The end marker of an embedded preview must not stand for the picture's own."""
    pillow.fromarray(scene).save(tmp_path / "a.jpg")
    content = (tmp_path / "a.jpg").read_bytes()
    preview = b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content
    whole = content[:2] + preview + content[2:]
    (tmp_path / "a.jpg").write_bytes(whole)
    assert read_rgb(tmp_path / "a.jpg").shape == scene.shape
    (tmp_path / "a.jpg").write_bytes(whole[:-20])
    with pytest.raises(InputError, match="truncated"):
        read_rgb(tmp_path / "a.jpg")


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"not an image at all"])
def test_what_is_no_image_is_refused_by_name(tmp_path, content):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.jpg is damaged or of no format"):
        read_rgb(tmp_path / "a.jpg")


def test_missing_image_is_named(tmp_path):
    with pytest.raises(InputError, match=r"b\.jpg cannot be read \(No such file"):
        read_rgb(tmp_path / "b.jpg")


def test_damage_inside_a_jpeg_is_refused_by_name(tmp_path):
    """Its end marker is there, and OpenCV fills two thirds of it with garbage."""
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    pillow.fromarray(noise).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    read_rgb(tmp_path / "whole.jpg")
    third = len(whole) // 3
    (tmp_path / "a.jpg").write_bytes(whole[:third] + whole[-2:])
    with pytest.raises(
        UnusableImageError, match=r"a\.jpg is damaged inside \(Corrupt JPEG data: .*; put it there whole"
    ):
        read_rgb(tmp_path / "a.jpg")


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}])
def test_whole_jpegs_of_every_kind_are_read(tmp_path, scene, options):
    for mode in ("RGB", "L", "CMYK"):
        pillow.fromarray(scene).convert(mode).save(tmp_path / "a.jpg", quality=95, **options)
        assert read_rgb(tmp_path / "a.jpg").shape == scene.shape


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    def head(width, height):
        content = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
        chunk = b"IHDR" + content
        return (
            b"\x89PNG\r\n\x1a\n"
            + struct.pack(">I", 13)
            + chunk
            + struct.pack(">I", zlib.crc32(chunk))
            + b"\0\0\0\0IDATIEND"
        )

    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    for width, height in ((20_000, 20_000), (9_500, 9_500)):
        (tmp_path / "a.png").write_bytes(head(width, height))
        with pytest.raises(
            UnusableImageError, match=r"a\.png has more pixels than the 89 million that are read: shrink"
        ):
            read_rgb(tmp_path / "a.png")


def test_what_is_no_regular_file_or_too_large_is_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    for path in (tmp_path / "pipe.jpg", tmp_path / "folder.jpg", "/dev/zero"):
        with pytest.raises(UnusableImageError, match=r"is a (folder|pipe or a device.*); put it there whole"):
            read_rgb(path)
    with (tmp_path / "large.bmp").open("wb") as file:
        file.truncate(500_000_000)
    with pytest.raises(
        UnusableImageError, match=r"has 500000000 bytes, more than the 400000000 that are read: shrink it"
    ):
        read_rgb(tmp_path / "large.bmp")
    with pytest.raises(UnusableImageError, match="cannot be read"):
        read_rgb("a\0.jpg")
