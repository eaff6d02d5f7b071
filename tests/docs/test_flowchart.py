"""A Mermaid flowchart drawn for the site: every box once, arrows from foot to head and through no box."""

import re

from flowchart import flowchart

# From top to bottom; the arrow from top to low passes the layer of "tall", beside it.
DIAGRAM = """flowchart TD
    tall["tall<br>taller<br>tallest"]
    top --> tall
    tall --> low
    top --> low
    alone --> low
"""


def frames(picture):
    """(x, y, width, height) of every box."""
    found = re.findall(r'<rect x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"', picture)
    return [tuple(map(float, each)) for each in found]


def test_every_box_is_drawn_once_with_its_lines():
    picture = flowchart(DIAGRAM)
    assert sorted(re.findall(r">(\w+)</text>", picture)) == ["alone", "low", "tall", "taller", "tallest", "top"]
    assert len(frames(picture)) == 4 and picture.count("marker-end") == 4


def test_an_arrow_that_passes_a_layer_passes_its_boxes():
    picture = flowchart(DIAGRAM)
    upright = [(float(x), float(top), float(foot)) for x, top, foot in re.findall(r" (\S+) (\S+)V([\d.]+)", picture)]
    assert len(upright) == 1, "one arrow passes one layer"
    x, top, foot = upright[0]
    for left, y, width, height in frames(picture):
        assert not (left <= x <= left + width and y < foot and top < y + height)


def test_boxes_do_not_touch_and_lie_within_the_picture():
    picture = flowchart(DIAGRAM)
    whole = tuple(map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', picture).groups()))
    boxes = frames(picture)
    for n, (x, y, width, height) in enumerate(boxes):
        assert x >= 0 and y >= 0 and x + width <= whole[0] and y + height <= whole[1]
        for a, b, wide, high in boxes[n + 1 :]:
            assert x + width < a or a + wide < x or y + height < b or b + high < y
