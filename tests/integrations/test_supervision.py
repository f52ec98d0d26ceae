"""`supervision`, unmodified, takes the detections and works with them."""

from __future__ import annotations

import numpy as np
import pytest

from hbm_runtime.vision import Detections

supervision = pytest.importorskip("supervision", reason="supervision is not installed")

BOXES = np.array([[0, 0, 4, 4], [10, 5, 20, 15], [12, 6, 22, 16]], np.float32)
SCORES, CLASSES = np.array([0.9, 0.8, 0.7], np.float32), np.array([0, 1, 1])


def test_boxes_are_filtered_merged_and_counted() -> None:
    found = Detections(BOXES, SCORES, CLASSES).to_supervision()
    assert isinstance(found, supervision.Detections)
    assert len(found) == 3
    assert found.area.tolist() == [16, 100, 100]
    assert found[found.class_id == 1].confidence.tolist() == pytest.approx([0.8, 0.7])
    assert len(found.with_nms(threshold=0.5, class_agnostic=True)) == 2, "the boxes of class 1 overlap by 0.53"
    zone = supervision.PolygonZone(polygon=np.array([[8, 4], [30, 4], [30, 30], [8, 30]]))
    assert zone.trigger(found).tolist() == [False, True, True]


def test_masks_are_drawn_and_keypoints_kept() -> None:
    masks = np.zeros((3, 20, 30), bool)
    masks[1, 5:15, 10:20] = True
    keypoints = np.arange(18, dtype=np.float32).reshape(3, 2, 3)
    found = Detections(BOXES, SCORES, CLASSES, masks=masks, keypoints=keypoints).to_supervision()
    assert found.area.tolist() == [0, 100, 0], "areas are those of the masks"
    drawn = supervision.MaskAnnotator(opacity=1.0).annotate(np.zeros((20, 30, 3), np.uint8), found)
    assert drawn[5:15, 10:20].any(axis=-1).all()
    assert not drawn[:5].any()
    np.testing.assert_array_equal(found[1:].data["keypoints"], keypoints[1:])


def test_no_detections_are_none_there_too() -> None:
    empty = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64)).to_supervision()
    assert empty.is_empty()
