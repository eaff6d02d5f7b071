"""A GPU that is lost in the middle of a training, and one that is not there. Simulated: there is none here."""

LOST = """

_update = Heartbeat.update


def _lose_the_gpu(self, epoch_ended):
    _update(self, epoch_ended)
    marker = self._file.with_name("gpu-works")
    if self._trainer.iteration == 20 and not marker.exists():
        marker.touch()
        raise RuntimeError("CUDA error: unspecified launch failure\\nCUDA kernel errors might be reported later")


Heartbeat.update = _lose_the_gpu
"""
"""Appended to a module that is no part of what a run is: its fingerprint stays."""


def test_a_lost_gpu_is_said_and_the_next_attempt_continues(half, undisturbed):
    with (half.root / "src" / "ltmlc" / "training" / "record" / "heartbeat.py").open("a") as file:
        file.write(LOST)
    first = half.start()
    if first.process.wait():  # where the profile tries again by itself, that was it
        half.run()
    sentence = "stopped: the GPU was lost or failed (CUDA error: unspecified launch failure); what was trained until"
    assert sentence in first.text
    assert "Traceback" not in first.text
    assert "continuing from" in half.log()
    assert half.evidence() == undisturbed.evidence()


def test_a_gpu_that_is_not_there_is_said(half):
    settings = '{"device": "cuda", "gpu_share": 1, "threads": 1}'
    done = half.ltmlc("train", "faulty", "c_lsep", "--settings", settings, CUDA_VISIBLE_DEVICES="")
    assert "device cuda was asked for, but there is no GPU this process may use; use auto or cpu" in done.ends(2)
