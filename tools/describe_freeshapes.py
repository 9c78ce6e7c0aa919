"""FreeShapes described for machines: docs/freeshapes.croissant.json (https://docs.mlcommons.org/croissant), from the committed source.

::

    python tools/describe_freeshapes.py

Loaders that know Croissant read the table of objects and find the meshes, their checksums and licences.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from lmnet_utils.core import paths
from lmnet_utils.core.files import sha256_of, write_json
from lmnet_utils.data import freeshapes

PLACE = "docs/freeshapes.croissant.json"
LICENCES = [
    "https://creativecommons.org/publicdomain/zero/1.0/",
    "https://creativecommons.org/licenses/by/3.0/",
    "https://creativecommons.org/licenses/by/3.0/us/",
]
COLUMNS = {
    "id": ("sc:Text", "Id of the object: the key of its arrays in meshes.npz.xz, and its folder's name."),
    "synset": (
        "sc:Text",
        "ShapeNet's synset of its class: eight digits, with zeros in front that some readers of CSV drop.",
    ),
    "class": ("sc:Text", "Its class, one of ShapeNet's 13."),
    "name": ("sc:Text", "Its title."),
    "creator": ("sc:Text", "Who made it, to be named."),
    "license": ("sc:Text", "Its licence: CC0-1.0, CC-BY-3.0 or CC-BY-3.0-US."),
    "archive": ("sc:Text", "The Sweet Home 3D archive that it comes from."),
    "path": ("sc:Text", "Its file in that archive."),
    "faces_original": ("sc:Integer", "Triangles of the original."),
    "faces": ("sc:Integer", "Triangles here."),
    "duplicate_group": ("sc:Text", "Objects that are variants of one another share it."),
}
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that Croissant 1.0 prescribes (section 'Context' of its specification)."""


def croissant() -> dict[str, Any]:
    """The description as JSON-LD."""
    rows = freeshapes.attribution()
    classes = Counter(row["class"] for row in rows)
    kinds = ", ".join(f"{count} {name}" for name, count in classes.most_common())
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": "FreeShapes",
        "description": f"{len(rows)} real, openly licensed objects in ShapeNet's classes, as triangle meshes with one colour a face ({kinds}). "
        "The kit renders 24 views of each and samples point clouds, in the layout of 3D-R2N2.",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": LICENCES,
        "url": "https://www.sweethome3d.com/",
        "creator": {
            "@type": "sc:Organization",
            "name": "Sweet Home 3D and its contributors; every object's creator stands in the table",
        },
        "version": "1.0.0",
        "citeAs": "FreeShapes, of the 3D-LMNet notebook kit, made from Sweet Home 3D's furniture; creators in ATTRIBUTION.csv.",
        "distribution": [
            _file("ATTRIBUTION.csv", "text/csv", "A row an object: class, title, creator, licence, origin."),
            _file(
                "meshes.npz.xz", "application/x-xz", "All meshes; lmnet_utils.data.freeshapes.unpack_meshes reads them."
            ),
            _file("LICENSES.md", "text/markdown", "Origin, licences, and what was changed."),
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "objects",
                "name": "objects",
                "description": "The objects.",
                "key": {"@id": "objects/id"},
                "field": [_field(name, *about) for name, about in COLUMNS.items()],
            }
        ],
    }


def _file(name: str, kind: str, text: str) -> dict[str, Any]:
    path = freeshapes.source_dir() / name
    about = {"contentUrl": f"../data/freeshapes/source/{name}", "contentSize": f"{path.stat().st_size} B"}
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": text,
        **about,
        "encodingFormat": kind,
        "sha256": sha256_of(path),
    }


def _field(name: str, kind: str, text: str) -> dict[str, Any]:
    source = {"fileObject": {"@id": "ATTRIBUTION.csv"}, "extract": {"column": name}}
    return {
        "@type": "cr:Field",
        "@id": f"objects/{name}",
        "name": name,
        "description": text,
        "dataType": kind,
        "source": source,
    }


def main() -> int:
    """Entry point of the script."""
    place: Path = write_json(paths.project_root() / PLACE, croissant())
    print(paths.display(place))
    return 0


if __name__ == "__main__":
    sys.exit(main())
