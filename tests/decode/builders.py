"""Small picture files of every kind that cleanplate reads, built from scratch and always the same."""

from __future__ import annotations

import io
import struct
from typing import Any

import cv2
import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageCms

HEIGHT, WIDTH = 67, 45
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">%s</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
)
IPTC = b"\x1c\x02\x50\x00\x06Ansel!\x1c\x02\x74\x00\x03CC0"


def noise(height: int = HEIGHT, width: int = WIDTH, channels: int = 3, bits: int = 8, seed: int = 1) -> np.ndarray:
    """Smooth random samples over the full range."""
    field = np.random.default_rng(seed).random((height, width, channels)).astype(np.float32)
    field = cv2.GaussianBlur(field, (0, 0), 3).reshape(height, width, channels)
    field = (field - field.min()) / max(1e-6, float(field.max() - field.min()))
    return (field * ((1 << bits) - 1)).astype(np.uint8 if bits <= 8 else np.uint16)


def picture(mode: str = "RGB", **size: int) -> Image.Image:
    """A Pillow picture."""
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    samples = noise(channels=channels, **size)
    return Image.frombytes(mode, (samples.shape[1], samples.shape[0]), samples.tobytes())


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """What Pillow writes."""
    file = io.BytesIO()
    if kind == "JPEG" and options.get("exif"):
        options["exif"] = b"Exif\0\0" + options["exif"]
    image.save(file, kind, **options)
    return file.getvalue()


def tiff_of(samples: np.ndarray, **options: Any) -> bytes:
    """What tifffile writes."""
    file = io.BytesIO()
    tifffile.imwrite(file, samples, **options)
    return file.getvalue()


def heic(mode: str = "RGB", quality: int = 90, **options: Any) -> bytes:
    """What libheif writes."""
    channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode.split(";")[0]]
    samples = noise(channels=channels, bits=16 if ";" in mode else 8)
    file = io.BytesIO()
    pillow_heif.from_bytes(mode, (WIDTH, HEIGHT), samples.tobytes()).save(file, quality=quality, **options)
    return file.getvalue()


def opencv(ending: str, samples: np.ndarray, *settings: int) -> bytes:
    """What OpenCV writes."""
    done, data = cv2.imencode(ending, samples, list(settings))
    assert done
    return bytes(data)


def exif_block(
    *,
    order: str = "<",
    orientation: int | None = None,
    thumbnail: bytes | None = None,
    maker_note: bytes | None = None,
    gps: bool = False,
    size: tuple[int, int] | None = None,
) -> bytes:
    """An EXIF block with the maker at a fixed place, written by hand."""
    body = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8))

    def table(entries: list[tuple[int, int, int, bytes]], following: int = 0) -> int:
        at = len(body)
        entries = sorted(entries)
        values_at = at + 2 + 12 * len(entries) + 4
        lines, values = b"", b""
        for tag, kind, count, data in entries:
            if len(data) > 4:
                lines += struct.pack(order + "HHII", tag, kind, count, values_at + len(values))
                values += data + b"\0" * (len(data) % 2)
            else:
                lines += struct.pack(order + "HHI", tag, kind, count) + data.ljust(4, b"\0")
        body.extend(struct.pack(order + "H", len(entries)) + lines + struct.pack(order + "I", following) + values)
        return at

    def short(tag: int, value: int) -> tuple[int, int, int, bytes]:
        return tag, 3, 1, struct.pack(order + "H", value)

    def long(tag: int, value: int) -> tuple[int, int, int, bytes]:
        return tag, 4, 1, struct.pack(order + "I", value)

    def text(tag: int, value: bytes) -> tuple[int, int, int, bytes]:
        return tag, 2, len(value) + 1, value + b"\0"

    main = [text(0x010F, b"Testmaker"), text(0x0110, b"Model 1"), text(0x8298, b"(c) somebody")]
    if orientation is not None:
        main.append(short(0x0112, orientation))
    inner = [text(0x9003, b"2026:01:02 03:04:05"), (0x829A, 5, 1, struct.pack(order + "II", 1, 250))]
    if size is not None:
        inner += [long(0xA002, size[0]), long(0xA003, size[1])]
    if maker_note is not None:
        inner.append((0x927C, 7, len(maker_note), maker_note))
    # The first table must be at 8, so the pointers are patched in afterwards.
    main.append(long(0x8769, 0))
    if gps:
        main.append(long(0x8825, 0))
    first = table(main)
    pointers = {0x8769: table(inner)}
    if gps:
        place = struct.pack(order + "6I", 48, 1, 51, 1, 30, 1)
        pointers[0x8825] = table([(1, 2, 2, b"N\0"), (2, 5, 3, place), (3, 2, 2, b"E\0"), (4, 5, 3, place)])
    count = len(main)
    for number in range(count):
        at = first + 2 + 12 * number
        (tag,) = struct.unpack_from(order + "H", body, at)
        if tag in pointers:
            struct.pack_into(order + "I", body, at + 8, pointers[tag])
    if thumbnail is not None:
        second = table([short(0x0103, 6), long(0x0201, 0), long(0x0202, len(thumbnail))])
        struct.pack_into(order + "I", body, second + 2 + 12 + 8, len(body))
        body.extend(thumbnail)
        struct.pack_into(order + "I", body, first + 2 + 12 * count, second)
    return bytes(body)


def jpeg_with(data: bytes, *segments: tuple[int, bytes], trailer: bytes = b"") -> bytes:
    """A JPEG with more segments (marker, payload) after SOI and bytes after EOI."""
    inserted = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in segments)
    return data[:2] + inserted + data[2:] + trailer


def samples() -> dict[str, bytes]:
    """One small file of every kind."""
    found: dict[str, bytes] = {}
    for mode in ("L", "LA", "RGB", "RGBA"):
        found[f"png-{mode}"] = saved(picture(mode), "PNG")
        found[f"tiff-{mode}"] = saved(picture(mode), "TIFF", compression="tiff_lzw")
        found[f"avif-{mode}"] = saved(picture(mode), "AVIF")
    colour = picture("RGB")
    for name, options in {
        "420": {"subsampling": 2},
        "422": {"subsampling": 1},
        "444": {"subsampling": 0},
        "progressive": {"progressive": True},
        "rgb": {"keep_rgb": True},
        "optimized": {"optimize": True},
    }.items():
        found[f"jpeg-{name}"] = saved(colour, "JPEG", **options)
    found["jpeg-exif"] = saved(
        colour, "JPEG", exif=exif_block(orientation=6, thumbnail=saved(picture(height=20, width=16), "JPEG"), gps=True)
    )
    found["jpeg-L"] = saved(picture("L"), "JPEG")
    found["jpeg-cmyk"] = saved(picture("CMYK"), "JPEG")
    found["png-P"] = saved(colour.quantize(64), "PNG")
    found["png-1"] = saved(colour.convert("1"), "PNG")
    for channels in (1, 3, 4):
        found[f"png-16-{channels}"] = opencv(".png", noise(channels=channels, bits=16))
    found["bmp-RGB"] = saved(colour, "BMP")
    found["bmp-P"] = saved(colour.quantize(64), "BMP")
    found["bmp-L"] = saved(picture("L"), "BMP")
    found["webp-lossless"] = saved(picture("RGBA"), "WEBP", lossless=True, exact=True)
    found["webp-lossy"] = saved(colour, "WEBP", quality=80)
    found["tiff-1"] = saved(colour.convert("1"), "TIFF", compression="group4")
    found["tiff-P"] = saved(colour.quantize(64), "TIFF")
    found["tiff-jpeg"] = saved(colour, "TIFF", compression="jpeg")
    found["tiff-cmyk"] = saved(picture("CMYK"), "TIFF", compression="tiff_adobe_deflate")
    found["tiff-16"] = tiff_of(noise(bits=16), photometric="rgb", compression="zlib", predictor=True, byteorder=">")
    found["tiff-16-tiles"] = tiff_of(noise(bits=16), photometric="rgb", tile=(16, 32))
    found["tiff-16-planar"] = tiff_of(
        np.moveaxis(noise(bits=16), 2, 0).copy(), photometric="rgb", planarconfig="separate", bigtiff=True
    )
    found["tiff-16-cmyk"] = tiff_of(noise(channels=4, bits=16), photometric="separated")
    found["tiff-miniswhite"] = tiff_of(noise(channels=1)[..., 0], photometric="miniswhite")
    found["avif-10"] = opencv(".avif", noise(bits=10), cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 90)
    found["heic-RGB"] = heic("RGB")
    found["heic-RGBA"] = heic("RGBA")
    found["heic-10"] = heic("RGB;16")
    return found
