"""XMP packets (ISO 16684-1): read and edited as XML, without entities, so that none can be blown up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.dom import minidom
from xml.parsers.expat import ExpatError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TIFF = "http://ns.adobe.com/tiff/1.0/"
EXIF = "http://ns.adobe.com/exif/1.0/"
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
AI_EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC NewsCodes, digital source type: edited with generative AI (inpainting, outpainting)."""

_GOOGLE = "http://ns.google.com/photos/"
_KEPT_GOOGLE = "http://ns.google.com/photos/1.0/panorama/"
_SHOWING = (
    "http://ns.adobe.com/hdr-gain-map/",
    "http://ns.adobe.com/xap/1.0/g/img/",
    "http://ns.apple.com/HDRGainMap/",
    "http://ns.apple.com/pixeldatainfo/",
    "http://ns.adobe.com/xmp/note/",  # points to the extended packet, which does not stay
)
_THUMBNAILS = ("http://ns.adobe.com/xap/1.0/", "Thumbnails")
_ENCODED_PICTURE = re.compile(r"^\s*(/9j/|iVBORw0KGgo|UklGR|AAAA\w{4}ZnR5c)[A-Za-z0-9+/=\s&#;xA]{200}")
_ROOT = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about=""/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


@dataclass(frozen=True)
class XmpEdit:
    """What to change in a packet; embedded pictures and what points to them always go.

    Attributes:
        orientation: new ``tiff:Orientation`` where the packet has one; None keeps it.
        strip_gps: take ``exif:GPS*`` out.
        mark_ai: write the IPTC digital source type of a picture edited with generative AI.
    """

    orientation: int | None = None
    strip_gps: bool = False
    mark_ai: bool = False


def cleaned(packet: bytes) -> bytes | None:
    """The packet without filling at its ends; None if nothing is left."""
    return packet.strip(b"\0 \t\r\n") or None


def edited(packet: bytes | None, edit: XmpEdit) -> bytes | None:
    """The packet with ``edit`` applied; byte for byte the same if nothing had to change.

    Returns None for no packet, and for one that cannot be parsed (nobody could tell what it shows).
    """
    if packet is None:
        if not edit.mark_ai:
            return None
        packet = _ROOT.encode()
    document = _parse(packet)
    if document is None:
        return edited(None, edit)
    changes = _drop_pictures(document)
    if edit.orientation is not None:
        changes += _set_orientation(document, str(edit.orientation))
    if edit.strip_gps:
        changes += _drop(document, lambda space, local, _: space == EXIF and local.startswith("GPS"))
    if edit.mark_ai:
        changes += _mark(document)
    if not changes:
        return packet
    return "".join(node.toxml() for node in document.childNodes).encode()


def parses(packet: bytes) -> bool:
    """True if the packet can be read and edited."""
    return _parse(packet) is not None


def _parse(packet: bytes) -> minidom.Document | None:
    lowered = packet.replace(b"\0", b"").lower()  # so that UTF-16 cannot hide it
    if b"<!doctype" in lowered or b"<!entity" in lowered:
        return None
    try:
        document = minidom.parseString(packet)  # noqa: S318
    except (ExpatError, ValueError, LookupError, RecursionError):
        return None
    return document if document.getElementsByTagNameNS(RDF, "Description") else None


def _properties(document: minidom.Document) -> Iterator[tuple[minidom.Element, minidom.Attr | minidom.Element]]:
    """Every attribute and element below the descriptions, with the element that holds it."""
    for holder in document.getElementsByTagName("*"):
        for attribute in list((holder.attributes or {}).values()):
            yield holder, attribute
        for child in list(holder.childNodes):
            if isinstance(child, minidom.Element):
                yield holder, child


def _drop(document: minidom.Document, wanted: object) -> int:
    assert callable(wanted)
    count = 0
    for holder, node in list(_properties(document)):
        if node.namespaceURI is None or not wanted(node.namespaceURI, node.localName or "", node):
            continue
        if isinstance(node, minidom.Element):
            if node.parentNode is holder:
                holder.removeChild(node)
                count += 1
        elif holder.hasAttributeNS(node.namespaceURI, node.localName or ""):
            holder.removeAttributeNS(node.namespaceURI, node.localName or "")
            count += 1
    return count


def _drop_pictures(document: minidom.Document) -> int:
    return _drop(document, _shows_picture)


def _shows_picture(space: str, local: str, node: minidom.Attr | minidom.Element) -> bool:
    if space == "http://www.w3.org/2000/xmlns/":
        return False
    if space.startswith(_SHOWING) or (space.startswith(_GOOGLE) and not space.startswith(_KEPT_GOOGLE)):
        return True
    if (space, local) == _THUMBNAILS:
        return True
    return bool(_ENCODED_PICTURE.match(_text(node)))


def _text(node: minidom.Attr | minidom.Element) -> str:
    if isinstance(node, minidom.Attr):
        return node.value
    return "".join(child.data for child in node.childNodes if isinstance(child, minidom.Text))


def _set_orientation(document: minidom.Document, value: str) -> int:
    count = 0
    for _, node in list(_properties(document)):
        if (node.namespaceURI, node.localName) != (TIFF, "Orientation") or _text(node).strip() == value:
            continue
        if isinstance(node, minidom.Attr):
            node.value = value
        else:
            _fill(document, node, value)
        count += 1
    return count


def _mark(document: minidom.Document) -> int:
    for holder, node in list(_properties(document)):
        if (node.namespaceURI, node.localName) != (IPTC_EXTENSION, "DigitalSourceType"):
            continue
        if isinstance(node, minidom.Attr):
            holder.removeAttributeNode(node)
        else:
            holder.removeChild(node)
    description = document.getElementsByTagNameNS(RDF, "Description")[0]
    prefix = "Iptc4xmpExt"
    description.setAttributeNS("http://www.w3.org/2000/xmlns/", f"xmlns:{prefix}", IPTC_EXTENSION)
    element = document.createElementNS(IPTC_EXTENSION, f"{prefix}:DigitalSourceType")
    _fill(document, element, AI_EDITED)
    description.appendChild(element)
    return 1


def _fill(document: minidom.Document, element: minidom.Element, value: str) -> None:
    for child in list(element.childNodes):
        element.removeChild(child)
    element.appendChild(document.createTextNode(value))
