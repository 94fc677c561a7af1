"""The gallery above the tabs: what there is to look at."""

from collections.abc import Mapping
from typing import TypedDict

from sspl.explorer.encoding import encode_picture
from sspl.explorer.samples import Sample

THUMBNAIL_PX = 160


class Thumbnail(TypedDict):
    """A sample in the gallery: its id, its title, and a small picture."""

    id: str
    title: str
    thumbnail: str


def describe_gallery(samples: Mapping[str, Sample]) -> list[Thumbnail]:
    """A thumbnail for each sample, and one for those that share a picture."""
    return [
        {
            "id": id,
            "title": sample.scene.title,
            "thumbnail": encode_picture(sample.scene.picture, THUMBNAIL_PX),
        }
        for id, sample in samples.items()
        if not sample.is_variant
    ]
