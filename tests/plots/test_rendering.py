"""Figures as SVG."""

import xml.etree.ElementTree as ElementTree

from sspl.plots.charts import plot_classes
from sspl.plots.rendering import render_svg


def test_svg_is_well_formed_the_same_each_time_and_shows_every_letter():
    names = ["<script>", "日本語", "a & b", "$5", "\x00\x1b"]
    per_class = {name: {"n": 1, "ciou_at_50": 0.5} for name in names}
    once, again = (render_svg(plot_classes(per_class)) for _ in range(2))
    assert once == again
    words = " ".join(ElementTree.fromstring(once).itertext())
    assert all(name in words for name in names[:4])
    assert "<script" not in once
