"""Pages: names, captions and notes stay text, whatever they hold."""

from __future__ import annotations

import json
import re

import numpy as np

from lmnet_utils.apps.panels import ViewPanel, clouds_page

EVIL = "</script><script>alert(1)</script><b title=\"'&amp;"


def test_nothing_on_a_page_of_clouds_is_taken_for_markup() -> None:
    panels = [ViewPanel(EVIL, "mean", np.zeros((4, 3), np.float32), note=EVIL, alt=EVIL)]
    camera = {"azimuth": 30.0, "elevation": 25.0, "zoom": 1.0}
    harmless = [ViewPanel("cloud", "mean", np.zeros((4, 3), np.float32))]
    plain = clouds_page("title", ["about"], [([("", harmless)], camera)], [("data:,", "name")])
    page = clouds_page(EVIL, [EVIL], [([(EVIL, panels)], camera)], [("data:,", EVIL)])
    assert re.findall("<[^>]*>", page.split('id="entries"')[0]) == [
        tag.replace("name", _escaped(EVIL)) if tag.startswith("<img") else tag
        for tag in re.findall("<[^>]*>", plain.split('id="entries"')[0])
    ]
    entries = re.search(r'id="entries">(.*?)</script>', page)[1]
    (group,) = json.loads(entries)[0]["groups"]
    assert group["panels"][0]["title"] == EVIL and "<" not in entries
    assert page.count("<script") == plain.count("<script")


def _escaped(text: str) -> str:
    for character, entity in {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"}.items():
        text = text.replace(character, entity)
    return text
